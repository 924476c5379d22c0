/**
 * A list whose rows glide from their old places to the new ones, unless the user prefers reduced motion.
 * A class, because only class components can read the document right before it changes.
 */
import { Component } from 'preact'
import { html } from '../html.js'

const GLIDE = { duration: 450, easing: 'cubic-bezier(.2, .8, .2, 1)' }

/** Children are rows with a `data-key`. Props: `label`, `class`. */
export class MovingList extends Component {
  /** @type {HTMLElement | null} */
  #list = null
  #keep = (element) => {
    this.#list = element
  }

  getSnapshotBeforeUpdate() {
    return { places: this.#places(), hadFocus: this.#hasFocus() }
  }

  componentDidUpdate(_props, _state, { places, hadFocus }) {
    // A rated row leaves the list. Without this, the keyboard focus would go to the start of the page.
    if (hadFocus && !this.#hasFocus()) this.#list?.focus()
    if (document.hidden || matchMedia('(prefers-reduced-motion: reduce)').matches) return
    for (const row of this.#rows()) this.#glide(row, places.get(row.dataset.key))
  }

  render({ label, class: className, children }) {
    return html`<ol class=${className} aria-label=${label} tabindex="-1" ref=${this.#keep}>${children}</ol>`
  }

  #places() {
    return new Map(this.#rows().map((row) => [row.dataset.key, row.offsetTop]))
  }

  #rows() {
    return /** @type {HTMLElement[]} */ ([...(this.#list?.children ?? [])])
  }

  #hasFocus() {
    return this.#list?.contains(document.activeElement) ?? false
  }

  #glide(row, from) {
    const to = row.offsetTop
    if (from !== undefined && from !== to)
      row.animate([{ transform: `translateY(${from - to}px)` }, { transform: 'none' }], GLIDE)
  }
}

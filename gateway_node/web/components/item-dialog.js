/** A film, and the films most similar to it by the live model. */
import { useEffect, useRef } from 'preact/hooks'
import { formatTitle } from '../format.js'
import { html } from '../html.js'
import { closeItem, openItem, showItem } from '../state/catalogue.js'
import { isOperator } from '../state/session.js'
import { viewerId } from '../state/viewer.js'
import { Genres, ItemTitle, ScoreBar } from './item-facts.js'
import { OwnStars } from './own-stars.js'
import { Failure, Placeholder } from './panel.js'
import { RatingOutcome } from './rating-outcome.js'

export function ItemDialog() {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null))
  const isOpen = openItem.value !== null
  useEffect(() => {
    if (isOpen) dialog.current?.showModal()
    else dialog.current?.close()
  }, [isOpen])
  const closeOnBackdrop = (event) => event.target === dialog.current && closeItem()
  return html`
    <dialog class="dialog" ref=${dialog} aria-labelledby="item-title" onClose=${closeItem} onClick=${closeOnBackdrop}>
      ${isOpen && html`<div class="dialog-body"><${ItemDetails} ...${openItem.value} /></div>`}
    </dialog>
  `
}

/** @param {NonNullable<typeof openItem.value>} props */
const ItemDetails = ({ item, similar, failure }) => html`
  <header class="panel-header">
    <h2 id="item-title">${formatTitle(item)}</h2>
    <div class="panel-aside"><button type="button" class="button button-small" onClick=${closeItem}>Close</button></div>
  </header>
  <p><${Genres} genres=${item.genres} /></p>
  ${isOperator.value || html`<div class="row"><span>Rate it as user ${viewerId.value}</span><${OwnStars} item=${item} /></div>`}
  <${RatingOutcome} itemId=${item.itemId} />
  <h3>Similar films</h3>
  <${Similar} item=${item} similar=${similar} failure=${failure} />
`

/** @param {NonNullable<typeof openItem.value>} props */
function Similar({ item, similar, failure }) {
  if (failure) {
    return html`<${Failure} what="Similar films can’t be shown" error=${failure} retry=${() => showItem(item)} />`
  }
  if (!similar) return html`<${Placeholder} rows=${8} label="Asking for similar films" />`
  if (similar.length === 0) return html`<p class="quiet">The live model knows no similar film.</p>`
  const best = Math.max(...similar.map(({ score }) => score))
  return html`
    <ol class="items items-plain">
      ${similar.map(
        (neighbour) => html`
          <li class="item" key=${neighbour.itemId}>
            <div class="item-body"><p class="item-head"><${ItemTitle} item=${neighbour} /></p></div>
            <div class="item-side"><${ScoreBar} score=${neighbour.score} best=${best} /></div>
          </li>
        `,
      )}
    </ol>
  `
}

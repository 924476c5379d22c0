/** A recommended film: rank, change, reasons, score and stars. */
import { html } from '../html.js'
import { showItem } from '../state/catalogue.js'
import { words } from '../state/viewer.js'
import { ItemTitle, ScoreBar } from './item-facts.js'
import { OwnStars } from './own-stars.js'

/**
 * @param {{item: import('../shapes.js').RecommendedItem, place: number, best: number, isPersonal: boolean,
 *   mark?: import('../state/list-change.js').Mark}} props
 */
export const RecommendedItem = ({ item, place, best, isPersonal, mark }) => html`
  <span class="item-place" aria-hidden="true">${place}</span>
  <div class="item-body">
    <p class="item-head"><${ItemTitle} item=${item} /> ${mark && html`<${MarkBadge} mark=${mark} />`}</p>
    <${Why} why=${item.why} isPersonal=${isPersonal} />
  </div>
  <div class="item-side">
    <${ScoreBar} score=${item.score} best=${best} />
    <${OwnStars} item=${item} />
  </div>
`

/** @param {{mark: import('../state/list-change.js').Mark}} props */
function MarkBadge({ mark }) {
  if (mark.kind === 'new') return html`<span class="mark mark-new">new</span>`
  const arrow = mark.kind === 'up' ? '▲' : '▼'
  const spoken = `moved ${mark.kind} ${mark.places}`
  return html`<span class="mark mark-${mark.kind}"><span aria-hidden="true">${arrow} ${mark.places}</span><span class="visually-hidden">${spoken}</span></span>`
}

/** @param {{why: import('../shapes.js').ItemReference[], isPersonal: boolean}} props */
function Why({ why, isPersonal }) {
  // In a small catalogue, the end of a personal list may have items to which no rating adds. They aren't always popular.
  if (!why?.length)
    return html`<p class="item-why quiet">${isPersonal ? words.value.noReason : 'popular with all users'}</p>`
  return html`
    <p class="item-why quiet">
      ${words.value.because}${' '}
      ${why.map(
        (reason, place) => html`
          ${place > 0 && ' and '}
          <button type="button" class="link" key=${reason.itemId} onClick=${() => showItem(reason)}>${reason.title}</button>
        `,
      )}
    </p>
  `
}

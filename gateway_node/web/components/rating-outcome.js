/** The progress of the newest rating: accepted, then seen in the list, each with the time since the click. */
import { formatMs } from '../format.js'
import { html } from '../html.js'
import { NO_CHANGE } from '../state/list-change.js'
import { lastRating } from '../state/ratings.js'
import { viewerId } from '../state/viewer.js'

/** The outcome for any item, or only for the given one. @param {{itemId?: string}} props */
export function RatingOutcome({ itemId }) {
  const rating = lastRating.value
  const isShown = rating?.userId === viewerId.value && (itemId === undefined || rating?.item.itemId === itemId)
  return html`<div class="outcome" role="status">${isShown && html`<${Outcome} rating=${rating} />`}</div>`
}

/** @param {{rating: import('../state/ratings.js').Rating}} props */
const Outcome = ({ rating }) => html`
  <p class="outcome-line ${rating.seenMs === null ? '' : 'outcome-done'}">
    <span>You rated <strong>${rating.item.title}</strong> ${rating.rating} ★</span>
    <${Progress} rating=${rating} />
  </p>
`

/** @param {{rating: import('../state/ratings.js').Rating}} props */
function Progress({ rating }) {
  const { acceptedMs, seenMs, seenBy, isLate, isHeldUp, change } = rating
  if (acceptedMs === null) return html`<span>waiting for the broker’s confirm …</span>`
  const accepted = html`<span class="quiet" title="The time until the 202, which the gateway sends after the broker’s confirm">accepted after ${formatMs(acceptedMs)}</span>`
  if (seenMs === null && isHeldUp)
    return html`${accepted}<span>the list can’t contain it before the recommender answers again</span>`
  if (seenMs === null && isLate) return html`${accepted}<span>no list was pushed; requesting one …</span>`
  if (seenMs === null) return html`${accepted}<span>waiting for the pushed list …</span>`
  return html`
    <span>
      <strong class="outcome-time">${formatMs(seenMs)}</strong>${' '}
      from click to the ${seenBy === 'pushed' ? 'pushed list' : 'list, which the page requested'}
    </span>
    ${accepted}
    <span class="quiet">${describeChange(change)}</span>
  `
}

/** @param {import('../state/list-change.js').ListChange | null} change */
function describeChange(change) {
  const { appeared, moved } = change ?? NO_CHANGE
  if (appeared === 0 && moved === 0) return 'the list stays as it was'
  const parts = [appeared > 0 && `${appeared} new`, moved > 0 && `${moved} moved`].filter(Boolean)
  return parts.join(', ')
}

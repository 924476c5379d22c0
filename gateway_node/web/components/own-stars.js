/** The stars with which a user rates an item. The operator can't rate, so there are none. */
import { html } from '../html.js'
import { ownRating, rateItem } from '../state/ratings.js'
import { isOperator } from '../state/session.js'
import { viewerId } from '../state/viewer.js'
import { Stars } from './stars.js'

/** @param {{item: import('../shapes.js').Item}} props */
export function OwnStars({ item }) {
  if (isOperator.value) return null
  return html`<${Stars} title=${item.title} value=${ownRating(viewerId.value, item.itemId)} onRate=${(rating) => rateItem(item, rating)} />`
}

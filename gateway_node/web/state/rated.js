/**
 * The ratings in the history of the signed-in user, by item, so that a film shows their stars wherever it appears.
 * Reads the whole history once, page by page.
 * @import {Interaction} from '../shapes.js'
 */
import { signal } from '@preact/signals'
import { ask } from '../api.js'

const PAGE_SIZE = 100
/** The page reads at most this many pages of a history, the newest. */
const PAGES_MAX = 20

/** @typedef {{rating: number, occurredAt?: string | null}} Rated */

/** @type {import('@preact/signals').Signal<{userId: string | null, ratings: Map<string, Rated>}>} */
const rated = signal({ userId: null, ratings: new Map() })
/** The user whose history was read. @type {string | null} */
let learned = null

/** @param {string | null} userId @param {string} itemId @returns {Rated | null} */
export const historyRating = (userId, itemId) =>
  rated.value.userId === userId ? (rated.value.ratings.get(itemId) ?? null) : null

/** Reads the ratings of a user, once. If that fails, the next call tries again. @param {string} userId */
export async function learnRatings(userId) {
  if (learned === userId) return
  learned = userId
  try {
    await readPages(userId)
  } catch (error) {
    learned = null
    console.warn('ratings unknown', { userId, reason: error.reason })
  }
}

/** @param {string} userId */
async function readPages(userId) {
  /** @type {Map<string, Rated>} */
  const ratings = new Map()
  let pageToken = null
  for (let page = 0; page < PAGES_MAX && pageToken !== undefined; page += 1) {
    const query = { pageSize: PAGE_SIZE, pageToken }
    const { body } = await ask(`/v1/users/${encodeURIComponent(userId)}/interactions`, { query })
    remember(ratings, body.interactions)
    rated.value = { userId, ratings: new Map(ratings) }
    pageToken = body.nextPageToken
  }
}

/** Adds a page. Pages arrive newest first, so the first rating of an item counts. @param {Map<string, Rated>} ratings @param {Interaction[]} page */
function remember(ratings, page) {
  for (const { itemId, rating, occurredAt } of page)
    if (rating !== null && rating !== undefined && !ratings.has(itemId)) ratings.set(itemId, { rating, occurredAt })
}

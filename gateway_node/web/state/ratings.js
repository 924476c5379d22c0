/**
 * Rates items, and measures the time from the click to the list that takes the rating into account.
 * @import {AcceptedInteraction, Item} from '../shapes.js'
 * @import {ListChange} from './list-change.js'
 * @import {Rated} from './rated.js'
 * @import {ListArrival} from './recommendations.js'
 */
import { signal } from '@preact/signals'
import { ask, newIdempotencyKey } from '../api.js'
import { socketState } from '../live.js'
import { expectInHistory } from './history.js'
import { isAtLeastAsLate } from './latest.js'
import { notify } from './notices.js'
import { historyRating } from './rated.js'
import { askRecommendations, clearMarks, onListArrival } from './recommendations.js'
import { viewerId } from './viewer.js'

const PUSH_WITHIN_MS = 5_000

/**
 * @typedef {{userId: string, item: Item, rating: number, clickedAt: number, accepted: AcceptedInteraction | null,
 *   acceptedMs: number | null, seenMs: number | null, seenBy: 'pushed' | 'asked' | null, change: ListChange | null,
 *   lists: ListSeen[], isLate: boolean, isHeldUp: boolean}} Rating  one click, from start to end
 * @typedef {ListArrival & {at: number}} ListSeen
 */

/** The newest click of this page, as far as it has come. @type {import('@preact/signals').Signal<Rating | null>} */
export const lastRating = signal(null)
/** The ratings that were clicked on this page, by user and item. @type {import('@preact/signals').Signal<Map<string, Rated>>} */
const clickedRatings = signal(new Map())

/** @type {Set<Rating>} */
const unseen = new Set()

/** @param {Item} item @param {number} rating */
export async function rateItem(item, rating) {
  const userId = viewerId.value
  if (userId === null) return
  const record = newRating(userId, item, rating)
  await submit(record, newIdempotencyKey())
}

/**
 * Return the rating that the stars of an item show: the click on this page or the one in the history, whichever is later.
 * @param {string | null} userId @param {string} itemId
 */
export function ownRating(userId, itemId) {
  const clicked = clickedRatings.value.get(`${userId}\n${itemId}`)
  const read = historyRating(userId, itemId)
  if (clicked && (!read || isAtLeastAsLate(read, clicked))) return clicked.rating
  return read?.rating ?? null
}

/** Watches arriving lists: the first one that takes a rating into account ends its measurement. */
export function startRatings() {
  onListArrival((arrival) => {
    const seen = { ...arrival, at: performance.now() }
    for (const rating of unseen) {
      if (rating.userId !== arrival.userId) continue
      rating.lists.push(seen)
      settle(rating)
    }
  })
}

function newRating(userId, item, rating) {
  const timing = {
    clickedAt: performance.now(),
    acceptedMs: null,
    seenMs: null,
    seenBy: null,
    isLate: false,
    isHeldUp: false,
  }
  return { userId, item, rating, accepted: null, change: null, lists: [], ...timing }
}

async function submit(rating, idempotencyKey) {
  unseen.add(rating)
  publish(rating)
  clearMarks()
  try {
    const body = { userId: rating.userId, itemId: rating.item.itemId, rating: rating.rating }
    const answer = await ask('/v1/interactions', { method: 'POST', idempotencyKey, body })
    accept(rating, answer.body)
  } catch (error) {
    unseen.delete(rating)
    if (lastRating.value?.clickedAt === rating.clickedAt) lastRating.value = null
    // The retry uses the same key, so it adds nothing if the first attempt reached the log.
    notify(`“${rating.item.title}” wasn’t rated`, error, () =>
      submit({ ...rating, clickedAt: performance.now() }, idempotencyKey),
    )
  }
}

function accept(rating, accepted) {
  rating.accepted = accepted
  rating.acceptedMs = performance.now() - rating.clickedAt
  rememberClick(`${rating.userId}\n${rating.item.itemId}`, { rating: rating.rating, occurredAt: accepted.acceptedAt })
  publish(rating)
  expectInHistory(rating.userId, rating.item, accepted)
  settle(rating)
  if (unseen.has(rating)) setTimeout(() => askInstead(rating), socketState.value.phase === 'open' ? PUSH_WITHIN_MS : 0)
}

function rememberClick(pair, rated) {
  const known = clickedRatings.value.get(pair)
  if (known && !isAtLeastAsLate(known, rated)) return
  clickedRatings.value = new Map(clickedRatings.value).set(pair, rated)
}

function settle(rating) {
  if (!rating.accepted) return
  const list = rating.lists.find((candidate) => knowsOf(candidate, rating))
  rating.isHeldUp = !list && rating.lists.some(({ isDegraded }) => isDegraded)
  if (!list) return publish(rating)
  unseen.delete(rating)
  Object.assign(rating, { seenMs: list.at - rating.clickedAt, seenBy: list.arrivedBy, change: list.change })
  publish(rating)
}

/** Returns whether a list takes a rating into account: by offset if both have one, else if the list lacks the rated item. A degraded list may be old. */
function knowsOf({ offset, items, isDegraded }, { accepted, item }) {
  if (isDegraded) return false
  const wanted = accepted.offset
  if (wanted !== null && wanted !== undefined && offset !== null && offset !== undefined) return offset >= wanted
  return !items.some(({ itemId }) => itemId === item.itemId)
}

function askInstead(rating) {
  if (!unseen.has(rating) || rating.userId !== viewerId.value) return unseen.delete(rating)
  rating.isLate = true
  publish(rating)
  askRecommendations(rating.accepted.offset)
}

/** Replaces the value by a copy: signals compare by identity, and the record is mutable. */
function publish(rating) {
  const newest = lastRating.value
  if (!newest || newest.clickedAt <= rating.clickedAt) lastRating.value = { ...rating }
}

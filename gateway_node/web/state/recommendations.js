/**
 * The recommendations of the viewed user: requested once over HTTP, then updated by the socket.
 * @import {Item, Recommendations, Timing} from '../shapes.js'
 * @import {ListChange} from './list-change.js'
 */
import { batch, signal } from '@preact/signals'
import { ask } from '../api.js'
import { listen } from '../live.js'
import { rememberTitles } from './catalogue.js'
import { compareLists, NO_CHANGE } from './list-change.js'
import { notify } from './notices.js'
import { viewerId } from './viewer.js'

const LIMIT = 10

/** @type {import('@preact/signals').Signal<Recommendations | null>} */
export const recommendations = signal(null)
/** @type {import('@preact/signals').Signal<{timings: Timing[], roundTripMs: number, path: string} | null>} */
export const askedWith = signal(null)
/** How the shown list arrived. @type {import('@preact/signals').Signal<'asked' | 'pushed'>} */
export const arrivedBy = signal('asked')
/** @type {import('@preact/signals').Signal<ListChange>} */
export const listChange = signal(NO_CHANGE)
/** @type {import('@preact/signals').Signal<(Error & {reason?: string}) | null>} */
export const recommendationsFailure = signal(null)

/**
 * @typedef {{userId: string, items: Item[], offset: number | null | undefined, arrivedBy: 'asked' | 'pushed',
 *   isDegraded: boolean, change: ListChange}} ListArrival
 */

/** @type {Set<(arrival: ListArrival) => void>} */
const arrivalListeners = new Set()
let pushes = 0
let stopListening = () => {}

/** Calls the listener with each arriving list, and the offset up to which it knows the log. @param {(arrival: ListArrival) => void} listener */
export function onListArrival(listener) {
  arrivalListeners.add(listener)
}

/** Shows another user's list: drops the old one, requests the new one and subscribes to it. @param {string} userId */
export function followRecommendations(userId) {
  stopListening()
  batch(() => {
    recommendations.value = null
    askedWith.value = null
    recommendationsFailure.value = null
    listChange.value = NO_CHANGE
  })
  stopListening = listen(`users/${userId}/recommendations`, ({ offset, data }) => {
    if (!Array.isArray(data?.items)) return
    pushes += 1
    show(data, 'pushed', offset)
  })
  askRecommendations()
}

/** Removes the marks of the last change from the list. */
export function clearMarks() {
  listChange.value = NO_CHANGE
}

/** Requests the list; with an offset, a list that includes the log up to it. @param {number | null} [minOffset] */
export async function askRecommendations(minOffset = null) {
  const userId = viewerId.value
  if (userId === null) return
  const path = `/v1/users/${encodeURIComponent(userId)}/recommendations`
  const pushesBefore = pushes
  try {
    const { body, timings, roundTripMs } = await ask(path, { query: { limit: LIMIT, minOffset } })
    if (userId !== viewerId.value) return
    askedWith.value = { timings, roundTripMs, path: `${path}?limit=${LIMIT}` }
    recommendationsFailure.value = null
    // A list pushed during the request is at least as new as its answer.
    if (pushes === pushesBefore) show(body, 'asked', minOffset)
  } catch (error) {
    if (userId !== viewerId.value) return
    if (recommendations.value === null) recommendationsFailure.value = error
    else notify('The list can’t be refreshed', error, () => askRecommendations(minOffset))
  }
}

/** @param {Recommendations} answer @param {'asked' | 'pushed'} by @param {number | null | undefined} offset */
function show(answer, by, offset) {
  const before = recommendations.value
  const change = before?.userId === answer.userId ? compareLists(before.items, answer.items) : NO_CHANGE
  rememberTitles(answer.items)
  batch(() => {
    // An identical list keeps the marks of the last change.
    if (change.marks.size > 0 || change.left > 0) listChange.value = change
    recommendations.value = answer
    arrivedBy.value = by
    recommendationsFailure.value = null
  })
  const { userId, items, degraded: isDegraded } = answer
  for (const listener of arrivalListeners) listener({ userId, items, offset, arrivedBy: by, isDegraded, change })
}

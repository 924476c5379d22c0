/**
 * The viewer's list: asked for once over HTTP, then kept by what the socket pushes.
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
/** How the list that is shown came. @type {import('@preact/signals').Signal<'asked' | 'pushed'>} */
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

/** Calls the listener with each list that arrives, and the offset of the log that it knows of. @param {(arrival: ListArrival) => void} listener */
export function onListArrival(listener) {
  arrivalListeners.add(listener)
}

/** Shows another user's list: forgets the old one, asks for the new one and listens to it. @param {string} userId */
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

/** Takes the marks off the list: they tell of the last change only. */
export function clearMarks() {
  listChange.value = NO_CHANGE
}

/** Asks for the list; with an offset, for one that knows everything up to it. @param {number | null} [minOffset] */
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
    // A list that was pushed meanwhile is at least as new as this answer.
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
    // The same list again says nothing new, and leaves the marks of the last change.
    if (change.marks.size > 0 || change.left > 0) listChange.value = change
    recommendations.value = answer
    arrivedBy.value = by
    recommendationsFailure.value = null
  })
  const { userId, items, degraded: isDegraded } = answer
  for (const listener of arrivalListeners) listener({ userId, items, offset, arrivedBy: by, isDegraded, change })
}

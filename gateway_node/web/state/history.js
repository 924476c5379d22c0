/**
 * The history of the viewed user, newest first: interactions in SQL, and accepted ones that aren't in SQL yet.
 * @import {AcceptedInteraction, Interaction, Item} from '../shapes.js'
 */
import { batch, computed, signal } from '@preact/signals'
import { ask } from '../api.js'
import { rememberTitles } from './catalogue.js'
import { isAtLeastAsLate } from './latest.js'
import { notify } from './notices.js'
import { learnRatings } from './rated.js'
import { isOperator } from './session.js'
import { refreshViewer, showAsNew, viewer, viewerId } from './viewer.js'

const PAGE_SIZE = 10
const LOOK_AGAIN_MS = [400, 800, 1_500, 3_000, 6_000, 12_000]

/** @typedef {Interaction & {userId: string, offset: number | null}} PendingInteraction */

/** @type {import('@preact/signals').Signal<Interaction[]>} */
export const interactions = signal([])
/** @type {import('@preact/signals').Signal<string | null>} */
export const historyPageToken = signal(null)
export const historyOffset = signal(/** @type {number | null} */ (null))
/** @type {import('@preact/signals').Signal<(Error & {reason?: string}) | null>} */
export const historyFailure = signal(null)
export const isHistoryLoading = signal(false)

/** @type {import('@preact/signals').Signal<PendingInteraction[]>} */
const pending = signal([])
/** Interactions that are in the log, but not yet in SQL. */
export const pendingInteractions = computed(() => pending.value.filter(({ userId }) => userId === viewerId.value))

/** Shows another user's history. */
export function followHistory() {
  batch(() => {
    interactions.value = []
    historyPageToken.value = null
    historyOffset.value = null
    historyFailure.value = null
  })
  refreshHistory()
}

/** Reads the first page again. */
export async function refreshHistory() {
  await read(null, (page) => page)
}

/** Reads the next page. */
export async function readMoreHistory() {
  if (isHistoryLoading.value) return
  await read(historyPageToken.value, (page) => [...interactions.value, ...page])
}

/** @param {string} userId @param {Item} item @param {AcceptedInteraction} accepted */
export function expectInHistory(userId, item, accepted) {
  const { interactionId, rating, acceptedAt, offset } = accepted
  const entry = {
    interactionId,
    itemId: item.itemId,
    title: item.title,
    rating,
    occurredAt: acceptedAt,
    userId,
    offset,
  }
  const isOfPair = (other) => other.itemId === item.itemId && other.userId === userId
  // The answers to two clicks may arrive in another order than the gateways accepted the ratings.
  if (pending.value.some((other) => isOfPair(other) && !isAtLeastAsLate(other, entry))) return
  pending.value = [entry, ...pending.value.filter((other) => !isOfPair(other))]
  lookAgain(entry, 0)
}

function lookAgain(entry, attempt) {
  const pause = LOOK_AGAIN_MS[attempt]
  if (pause === undefined) return
  setTimeout(async () => {
    if (entry.userId !== viewerId.value || !pending.value.includes(entry)) return
    await refreshHistory()
    if (pending.value.includes(entry)) lookAgain(entry, attempt + 1)
    else refreshViewer()
  }, pause)
}

async function read(pageToken, merge) {
  const userId = viewerId.value
  if (userId === null) return
  isHistoryLoading.value = true
  try {
    const query = { pageSize: PAGE_SIZE, pageToken }
    const { body } = await ask(`/v1/users/${encodeURIComponent(userId)}/interactions`, { query })
    if (userId !== viewerId.value) return
    show(body, merge)
    if (pageToken === null) lookFurther(userId, body.interactions.length > 0)
  } catch (error) {
    if (userId === viewerId.value) fail(error, pageToken)
  } finally {
    isHistoryLoading.value = false
  }
}

function show(body, merge) {
  rememberTitles(body.interactions)
  batch(() => {
    interactions.value = merge(body.interactions)
    historyPageToken.value = body.nextPageToken ?? null
    historyOffset.value = body.asOfOffset ?? null
    historyFailure.value = null
    pending.value = pending.value.filter((entry) => !isProjected(entry, body))
  })
}

function isProjected({ userId, interactionId, offset }, { interactions: page, asOfOffset }) {
  if (userId !== viewerId.value) return false
  if (page.some((interaction) => interaction.interactionId === interactionId)) return true
  return offset !== null && asOfOffset !== null && asOfOffset !== undefined && asOfOffset >= offset
}

/** A user without interactions has no ratings to read, and the gateway answers 404 for them. @param {string} userId @param {boolean} hasInteractions */
function lookFurther(userId, hasInteractions) {
  if (!hasInteractions) return showAsNew()
  if (viewer.value === null) refreshViewer()
  if (!isOperator.value) learnRatings(userId)
}

function fail(error, pageToken) {
  if (viewer.value === null) refreshViewer()
  if (pageToken === null && interactions.value.length === 0) historyFailure.value = error
  else
    notify('The history can’t be read', error, () =>
      read(pageToken, (page) => (pageToken ? [...interactions.value, ...page] : page)),
    )
}

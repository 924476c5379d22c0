/**
 * The user whose data the page shows: the signed-in user, or the one whom the operator chose.
 * @import {User} from '../shapes.js'
 */
import { batch, computed, signal } from '@preact/signals'
import { ask } from '../api.js'
import { wordsAbout } from '../words.js'
import { notify } from './notices.js'
import { isOperator, reloadAt, session } from './session.js'

/** @type {import('@preact/signals').Signal<string | null>} */
export const viewerId = signal(null)
/** The chosen user in the store; null while the request runs, or if the id is unknown. */
export const viewer = signal(/** @type {User | null} */ (null))
export const isViewerUnknown = signal(false)
/** @type {import('@preact/signals').Signal<(Error & {reason?: string}) | null>} */
export const viewerFailure = signal(null)
/** The texts about the chosen user, worded for the signed-in user. */
export const words = computed(() => wordsAbout(viewerId.value, isOperator.value))

/** Chooses the user at the start: the signed-in user, or for the operator the user in the address. */
export function startViewer() {
  const own = session.value?.userId
  if (own !== undefined) return take(own)
  addEventListener('hashchange', takeFromAddress)
  takeFromAddress()
}

/** @param {string} userId */
export function chooseViewer(userId) {
  const id = userId.trim()
  if (id) location.hash = new URLSearchParams({ user: id }).toString()
}

/** Shows a user without interactions, without a request to the gateway. */
export function showAsNew() {
  batch(() => {
    viewer.value = null
    isViewerUnknown.value = true
    viewerFailure.value = null
  })
}

/** Reads the chosen user again. */
export async function refreshViewer() {
  const asked = viewerId.value
  if (asked === null) return
  try {
    const { body } = await ask(`/v1/users/${encodeURIComponent(asked)}`)
    if (asked === viewerId.value) show(body, null)
  } catch (error) {
    if (asked === viewerId.value) show(null, error)
  }
}

/** Erases the history of the signed-in user and reloads the page, which still shows the old data. */
export async function eraseHistory() {
  if (viewerId.value === null || !confirm('Erase all your ratings? This can’t be undone.')) return
  try {
    await ask(`/v1/users/${encodeURIComponent(viewerId.value)}`, { method: 'DELETE' })
    reloadAt('viewer')
  } catch (error) {
    notify('Your history wasn’t erased', error, eraseHistory)
  }
}

/** @param {User | null} user @param {(Error & {reason?: string}) | null} error */
function show(user, error) {
  if (error?.reason === 'USER_UNKNOWN') return showAsNew()
  batch(() => {
    viewer.value = user
    isViewerUnknown.value = false
    viewerFailure.value = error
  })
}

function takeFromAddress() {
  const userId = new URLSearchParams(location.hash.slice(1)).get('user')?.trim()
  if (userId && userId !== viewerId.value) take(userId)
}

function take(userId) {
  // The history, which is read next, shows whether the user is known.
  show(null, null)
  viewerId.value = userId
}

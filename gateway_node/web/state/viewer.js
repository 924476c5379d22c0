/**
 * The user whose eyes the page looks through: who is signed in, or whom the operator chose.
 * @import {User} from '../shapes.js'
 */
import { batch, signal } from '@preact/signals'
import { ask } from '../api.js'
import { notify } from './notices.js'
import { session } from './session.js'

/** @type {import('@preact/signals').Signal<string | null>} */
export const viewerId = signal(null)
/** The chosen user as the store knows them; null while asked for, or where nobody has that id. */
export const viewer = signal(/** @type {User | null} */ (null))
export const isViewerUnknown = signal(false)
/** @type {import('@preact/signals').Signal<(Error & {reason?: string}) | null>} */
export const viewerFailure = signal(null)
/** Signed in as a user, it is that user. The operator's choice stands in the address. */
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

/** Asks anew who the chosen user is. */
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

/** Erases all that the signed-in user did, and begins the page anew: what is on it is from before. */
export async function eraseHistory() {
  if (viewerId.value === null || !confirm('Erase everything that you have rated? Nobody can bring it back.')) return
  try {
    await ask(`/v1/users/${encodeURIComponent(viewerId.value)}`, { method: 'DELETE' })
    location.reload()
  } catch (error) {
    notify('Your history wasn’t erased', error, eraseHistory)
  }
}

/** @param {User | null} user @param {(Error & {reason?: string}) | null} error */
function show(user, error) {
  const isUnknown = error?.reason === 'USER_UNKNOWN'
  batch(() => {
    viewer.value = user
    isViewerUnknown.value = isUnknown
    viewerFailure.value = isUnknown ? null : error
  })
}

function takeFromAddress() {
  const userId = new URLSearchParams(location.hash.slice(1)).get('user')?.trim()
  if (userId && userId !== viewerId.value) take(userId)
}

function take(userId) {
  show(null, null)
  viewerId.value = userId
  refreshViewer()
}

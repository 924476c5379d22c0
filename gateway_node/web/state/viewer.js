/**
 * The user whose eyes the page looks through: chosen by id, kept in the address, found by search.
 * @import {User} from '../shapes.js'
 */
import { batch, signal } from '@preact/signals'
import { ask } from '../api.js'
import { notify } from './notices.js'

const SUGGESTIONS = 6

/** @type {import('@preact/signals').Signal<string | null>} */
export const viewerId = signal(null)
/** The chosen user as the store knows them; null while asked for, or where nobody has that id. */
export const viewer = signal(/** @type {User | null} */ (null))
export const isViewerUnknown = signal(false)
/** @type {import('@preact/signals').Signal<(Error & {reason?: string}) | null>} */
export const viewerFailure = signal(null)
/** @type {import('@preact/signals').Signal<User[]>} */
export const suggestions = signal([])
/** Whether a search came back empty, so that the list can say so. */
export const suggestionsQuery = signal('')

/** Takes the user from the address, else the first one that the gateway lists. */
export async function startViewer() {
  addEventListener('hashchange', takeFromAddress)
  takeFromAddress()
  await searchUsers('')
  const first = suggestions.value[0]
  if (viewerId.value === null && first) chooseViewer(first.userId)
}

/** @param {string} userId */
export function chooseViewer(userId) {
  const id = userId.trim()
  if (id) location.hash = new URLSearchParams({ user: id }).toString()
}

/** Chooses an id that nobody has, to show what a newcomer gets. */
export function chooseNewcomer() {
  const digits = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0
  chooseViewer(`newcomer-${digits.toString(36)}`)
}

/** @param {string} query */
export async function searchUsers(query) {
  try {
    const { body } = await ask('/v1/users', { query: { query, pageSize: SUGGESTIONS } })
    suggestions.value = body.users
    suggestionsQuery.value = query
  } catch (error) {
    notify('The list of users can’t be shown', error, () => searchUsers(query))
  }
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
  if (!userId || userId === viewerId.value) return
  show(null, null)
  viewerId.value = userId
  refreshViewer()
}

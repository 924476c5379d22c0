/**
 * The users that the sign-in and the operator can choose from.
 * @import {User} from '../shapes.js'
 */
import { signal } from '@preact/signals'
import { ask } from '../api.js'
import { notify } from './notices.js'

const SUGGESTIONS = 6

/** @type {import('@preact/signals').Signal<User[]>} */
export const suggestions = signal([])
/** The query of the last search, which the page shows if the list is empty. */
export const suggestionsQuery = signal('')

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

/** Returns an unused id, to show the recommendations of a new user. */
export function newcomerId() {
  const digits = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0
  return `newcomer-${digits.toString(36)}`
}

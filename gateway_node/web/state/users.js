/**
 * Who there is to choose from.
 * @import {User} from '../shapes.js'
 */
import { signal } from '@preact/signals'
import { ask } from '../api.js'
import { notify } from './notices.js'

const SUGGESTIONS = 6

/** @type {import('@preact/signals').Signal<User[]>} */
export const suggestions = signal([])
/** What was searched for, so that an empty list can say so. */
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

/** An id that nobody has, to show what a newcomer gets. */
export function newcomerId() {
  const digits = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0
  return `newcomer-${digits.toString(36)}`
}

/** Chooses a user: a search by id, suggestions, and a new user. */
import { useEffect, useRef } from 'preact/hooks'
import { formatFilms } from '../format.js'
import { html } from '../html.js'
import { newcomerId, searchUsers, suggestions, suggestionsQuery } from '../state/users.js'

const TYPING_PAUSE_MS = 200

/** @typedef {{action: string, chosen?: string | null, onChoose: (userId: string) => void}} PickerProps */

/** @param {PickerProps} props */
export function UserPicker({ action, chosen = null, onChoose }) {
  useEffect(() => {
    searchUsers('')
  }, [])
  return html`
    <${UserSearch} action=${action} onChoose=${onChoose} />
    <${Suggestions} action=${action} chosen=${chosen} onChoose=${onChoose} />
  `
}

/** @param {PickerProps} props */
function UserSearch({ action, onChoose }) {
  const timer = useRef(0)
  const search = (event) => {
    const query = event.currentTarget.value.trim()
    clearTimeout(timer.current)
    timer.current = setTimeout(() => searchUsers(query), TYPING_PAUSE_MS)
  }
  const choose = (event) => {
    event.preventDefault()
    const userId = event.currentTarget.elements.userId.value.trim()
    if (userId) onChoose(userId)
  }
  return html`
    <form class="row" role="search" aria-label="Users" onSubmit=${choose}>
      <label class="visually-hidden" for="user-id">User id</label>
      <input id="user-id" name="userId" type="search" placeholder="Any user id" autocomplete="off" required onInput=${search} />
      <button class="button" type="submit">${action}</button>
    </form>
  `
}

/** @param {PickerProps} props */
function Suggestions({ action, chosen, onChoose }) {
  if (suggestions.value.length === 0 && suggestionsQuery.value) {
    return html`<p class="quiet">No known user has “${suggestionsQuery.value}” in the id. “${action}” uses it as a new user.</p>`
  }
  return html`
    <ul class="chips" aria-label="Suggested users">
      ${suggestions.value.map((user) => html`<li key=${user.userId}><${UserChip} user=${user} chosen=${chosen} onChoose=${onChoose} /></li>`)}
      <li>
        <button type="button" class="chip chip-dashed" onClick=${() => onChoose(newcomerId())}>someone new</button>
      </li>
    </ul>
  `
}

/** @param {{user: import('../shapes.js').User, chosen: string | null, onChoose: (userId: string) => void}} props */
const UserChip = ({ user, chosen, onChoose }) => html`
  <button
    type="button"
    class="chip"
    aria-pressed=${user.userId === chosen}
    title="${formatFilms(user.interactionCount)} rated"
    onClick=${() => onChoose(user.userId)}
  >
    ${user.userId}
  </button>
`

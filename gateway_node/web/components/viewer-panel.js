/** Whose recommendations are shown: search by id, suggestions, a newcomer. */
import { useRef } from 'preact/hooks'
import { formatCount } from '../format.js'
import { html } from '../html.js'
import {
  chooseNewcomer,
  chooseViewer,
  isViewerUnknown,
  refreshViewer,
  searchUsers,
  suggestions,
  suggestionsQuery,
  viewer,
  viewerFailure,
  viewerId,
} from '../state/viewer.js'
import { Failure, Panel } from './panel.js'

const TYPING_PAUSE_MS = 200

export const ViewerPanel = () => html`
  <${Panel} id="viewer" title="User">
    <${ChosenViewer} />
    <${UserSearch} />
    <${Suggestions} />
  </${Panel}>
`

function ChosenViewer() {
  if (viewerId.value === null) return html`<p class="quiet">Choose a user to see recommendations.</p>`
  return html`
    <p class="viewer" role="status">
      <strong>User ${viewerId.value}</strong>
      <span class="quiet">${describeViewer()}</span>
    </p>
    ${viewerFailure.value && html`<${Failure} what="The user can’t be looked up" error=${viewerFailure.value} retry=${refreshViewer} />`}
  `
}

function describeViewer() {
  if (isViewerUnknown.value) return 'nobody with this id has rated anything yet'
  return viewer.value ? `${formatCount(viewer.value.interactionCount)} films rated` : ' '
}

function UserSearch() {
  const timer = useRef(0)
  const search = (event) => {
    const query = event.currentTarget.value.trim()
    clearTimeout(timer.current)
    timer.current = setTimeout(() => searchUsers(query), TYPING_PAUSE_MS)
  }
  const choose = (event) => {
    event.preventDefault()
    chooseViewer(event.currentTarget.elements.userId.value)
  }
  return html`
    <form class="row" role="search" aria-label="Users" onSubmit=${choose}>
      <label class="visually-hidden" for="user-id">User id</label>
      <input id="user-id" name="userId" type="search" placeholder="Any user id" autocomplete="off" required onInput=${search} />
      <button class="button" type="submit">Show</button>
    </form>
  `
}

function Suggestions() {
  if (suggestions.value.length === 0 && suggestionsQuery.value) {
    return html`<p class="quiet">No known user has “${suggestionsQuery.value}” in the id. “Show” takes it as a newcomer.</p>`
  }
  return html`
    <ul class="chips" aria-label="Suggested users">
      ${suggestions.value.map((user) => html`<li key=${user.userId}><${UserChip} user=${user} /></li>`)}
      <li>
        <button type="button" class="chip chip-dashed" onClick=${chooseNewcomer}>someone new</button>
      </li>
    </ul>
  `
}

/** @param {{user: import('../shapes.js').User}} props */
const UserChip = ({ user }) => html`
  <button
    type="button"
    class="chip"
    aria-pressed=${user.userId === viewerId.value}
    title="${formatCount(user.interactionCount)} films rated"
    onClick=${() => chooseViewer(user.userId)}
  >
    ${user.userId}
  </button>
`

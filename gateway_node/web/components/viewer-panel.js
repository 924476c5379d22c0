/** The user whose recommendations are shown: the signed-in user, or the one whom the operator chose. */
import { formatFilms } from '../format.js'
import { html } from '../html.js'
import { pendingInteractions } from '../state/history.js'
import { isOperator } from '../state/session.js'
import {
  chooseViewer,
  eraseHistory,
  isViewerUnknown,
  refreshViewer,
  viewer,
  viewerFailure,
  viewerId,
  words,
} from '../state/viewer.js'
import { Failure, Panel } from './panel.js'
import { UserPicker } from './user-picker.js'

export const ViewerPanel = () => html`
  <${Panel} id="viewer" title="User">
    <${ChosenViewer} />
    ${isOperator.value && html`<${UserPicker} action="Show" chosen=${viewerId.value} onChoose=${chooseViewer} />`}
  </${Panel}>
`

function ChosenViewer() {
  if (viewerId.value === null) return html`<p class="quiet">Choose a user to see recommendations.</p>`
  return html`
    <p class="viewer" role="status">
      <strong>User ${viewerId.value}</strong>
      <span class="quiet">${describeViewer()}</span>
    </p>
    ${!isOperator.value && viewer.value && html`<button type="button" class="link" onClick=${eraseHistory}>Erase my history</button>`}
    ${viewerFailure.value && html`<${Failure} what="The user can’t be looked up" error=${viewerFailure.value} retry=${refreshViewer} />`}
  `
}

function describeViewer() {
  const onTheirWay = pendingInteractions.value.length
  if (isViewerUnknown.value) return onTheirWay > 0 ? `${formatFilms(onTheirWay)} rated` : words.value.newUser
  return viewer.value ? `${formatFilms(viewer.value.interactionCount)} rated` : ' '
}

/** Events of the whole system, newest first. */
import { useEffect } from 'preact/hooks'
import { formatClock } from '../format.js'
import { html } from '../html.js'
import { activity } from '../state/activity.js'
import { learnTitle, showItem, titleOf } from '../state/catalogue.js'
import { chooseViewer } from '../state/viewer.js'
import { Panel, StaleMark } from './panel.js'

export const ActivityPanel = () => html`
  <${Panel} id="activity" title="Activity" aside=${html`<${StaleMark} />`}>
    ${activity.value.length === 0 ? html`<p class="quiet">Nothing yet. The ratings and jobs of all users appear here.</p>` : html`<${ActivityList} />`}
  </${Panel}>
`

const ActivityList = () => html`
  <ol class="activity" tabindex="0" aria-label="Newest first">
    ${activity.value.map((event) => html`<${ActivityLine} key=${event.id} event=${event} />`)}
  </ol>
`

/** @param {{event: import('../state/activity.js').ShownEvent}} props */
const ActivityLine = ({ event }) => html`
  <li>
    <time class="quiet" datetime=${event.at}>${formatClock(event.at)}</time>
    <span>
      ${event.userId && html`<${ActiveUser} userId=${event.userId} />${' '}`}
      ${event.itemId ? html`<${RatedItem} itemId=${event.itemId} />` : event.kind.replace('.', ' ').replaceAll('_', ' ')}
      ${event.jobId && html` <code title=${event.jobId}>${event.jobId.slice(0, 8)}</code>`}
    </span>
  </li>
`

/** @param {{userId: string}} props */
const ActiveUser = ({ userId }) => html`
  <button type="button" class="link" onClick=${() => chooseViewer(userId)}>user ${userId}</button>
`

/** @param {{itemId: string}} props */
function RatedItem({ itemId }) {
  const title = titleOf(itemId)
  useEffect(() => {
    learnTitle(itemId)
  }, [itemId])
  return html`rated <button type="button" class="link" onClick=${() => showItem({ itemId, title })}>${title}</button>`
}

/** The failures, each as a sentence with its reason. */
import { html } from '../html.js'
import { dismissNotice, notices } from '../state/notices.js'

export const Notices = () => html`
  <div class="notices" role="alert" tabindex="-1">
    ${notices.value.map((notice) => html`<${NoticeLine} key=${notice.id} notice=${notice} />`)}
  </div>
`

/** @param {{notice: import('../state/notices.js').Notice}} props */
function NoticeLine({ notice }) {
  const retry = () => {
    dismissNotice(notice.id)
    notice.retry?.()
  }
  return html`
    <div class="notice">
      <p>
        ${notice.sentence} <code>${notice.reason}</code>
        ${notice.times > 1 && html` <span class="quiet">(${notice.times} times)</span>`}
        ${notice.requestId && html` <span class="quiet">request ${notice.requestId}</span>`}
      </p>
      <span class="notice-actions">
        ${notice.retry && html`<button type="button" class="button button-small" onClick=${retry}>Try again</button>`}
        <button type="button" class="button button-small" onClick=${() => dismissNotice(notice.id)}>Dismiss</button>
      </span>
    </div>
  `
}

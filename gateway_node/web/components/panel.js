/** Building blocks of the panels: frame, failure, placeholder. */
import { formatClock } from '../format.js'
import { html } from '../html.js'
import { socketState } from '../live.js'

/** @param {{id: string, title: string, flow?: string, aside?: any, children: any}} props */
export const Panel = ({ id, title, flow, aside, children }) => html`
  <section class="panel" id=${id} tabindex="-1" aria-labelledby="${id}-title">
    <header class="panel-header">
      <h2 id="${id}-title">${title}</h2>
      ${flow && html`<span class="flow">${flow}</span>`}
      ${aside && html`<div class="panel-aside">${aside}</div>`}
    </header>
    ${children}
  </section>
`

/** Marks live data as possibly old while the socket is lost. */
export function StaleMark() {
  const { lostAt } = socketState.value
  if (lostAt === null) return null
  return html`<span class="badge badge-bad" title="The connection is lost. This may have changed since then.">as of ${formatClock(lostAt)}</span>`
}

/** A scrolling frame. It can have the focus, so that the arrow keys scroll it. @param {{label: string, children: any}} props */
export const TableFrame = ({ label, children }) =>
  html`<div class="table-frame" role="group" tabindex="0" aria-label=${label}>${children}</div>`

/** A failure, shown in place of the missing content. @param {{what: string, error: Error & {reason?: string}, retry?: () => void}} props */
export const Failure = ({ what, error, retry }) => html`
  <div class="failure" role="alert">
    <p>${what}: ${error.message} <code>${error.reason ?? 'PAGE_FAILED'}</code></p>
    ${retry && html`<button type="button" class="button button-small" onClick=${retry}>Try again</button>`}
  </div>
`

/** Placeholder rows for content that is loading. @param {{rows: number, label: string}} props */
export const Placeholder = ({ rows, label }) => html`
  <div class="placeholder" role="status" aria-label=${label}>
    ${Array.from({ length: rows }, (_, row) => html`<div class="placeholder-row" key=${row}></div>`)}
  </div>
`

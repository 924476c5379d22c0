/** Building blocks of the panels: frame, failure, placeholder. */
import { html } from '../html.js'

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

/** A failure in the place of what it prevents. @param {{what: string, error: Error & {reason?: string}, retry?: () => void}} props */
export const Failure = ({ what, error, retry }) => html`
  <div class="failure" role="alert">
    <p>${what}: ${error.message} <code>${error.reason ?? 'PAGE_FAILED'}</code></p>
    ${retry && html`<button type="button" class="button button-small" onClick=${retry}>Try again</button>`}
  </div>
`

/** Rows that hold the place of what is being asked for. @param {{rows: number, label: string}} props */
export const Placeholder = ({ rows, label }) => html`
  <div class="placeholder" role="status" aria-label=${label}>
    ${Array.from({ length: rows }, (_, row) => html`<div class="placeholder-row" key=${row}></div>`)}
  </div>
`

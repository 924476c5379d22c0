/** The header: name, live model version, state of the socket, signed-in user. */
import { useEffect, useState } from 'preact/hooks'
import { formatMs } from '../format.js'
import { html } from '../html.js'
import { retryNow, socketState } from '../live.js'
import { liveModel } from '../state/models.js'
import { session, signOut } from '../state/session.js'

export const PageHeader = () => html`
  <header class="page-header">
    <svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
      <circle cx="12" cy="16" r="9" class="logo-node" />
      <circle cx="20" cy="16" r="9" class="logo-python" />
    </svg>
    <div class="brand">
      <h1>Why Not Both</h1>
      <p>Node answers, Python thinks, RabbitMQ remembers.</p>
    </div>
    <div class="header-facts">
      <${LiveModel} />
      ${session.value && html`<${SocketBadge} />`}
      <${WhoItIs} />
      <a href="/decide">Node, Python or both?</a>
      <a href="/docs">API docs</a>
    </div>
  </header>
`

function LiveModel() {
  const model = liveModel.value
  if (!model) return null
  return html`<span class="badge" title="The live model version">model <code>${model.version}</code></span>`
}

function WhoItIs() {
  if (session.value === null) return null
  const { role, userId } = session.value
  return html`
    <span class="badge" title="The signed-in user">${role === 'operator' ? 'operator' : `user ${userId}`}</span>
    <button type="button" class="link" onClick=${signOut}>sign out</button>
  `
}

function SocketBadge() {
  const { phase, retryAt, roundTripMs, lastClose } = socketState.value
  if (phase === 'open') {
    const title = 'The WebSocket is open; the time is that of the last ping'
    return html`<span class="badge badge-good" role="status" title=${title}>live${roundTripMs !== null && ` · ${formatMs(roundTripMs)}`}</span>`
  }
  if (phase === 'connecting') return html`<span class="badge badge-wait" role="status">connecting …</span>`
  return html`
    <span class="badge badge-bad" title=${lastClose ? `Closed with ${lastClose}` : undefined}>
      <span role="status">not live</span> · <${Countdown} until=${retryAt} />
      <button type="button" class="link" onClick=${retryNow}>try now</button>
    </span>
  `
}

/** @param {{until: number}} props */
function Countdown({ until }) {
  const [now, setNow] = useState(Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 250)
    return () => clearInterval(timer)
  }, [])
  return html`<span>again in ${Math.max(0, Math.ceil((until - now) / 1000))} s</span>`
}

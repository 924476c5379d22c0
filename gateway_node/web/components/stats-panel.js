/** The figures of the gateway that serves this page: name, response times, log readers. */
import { formatCount, formatDuration, formatMs } from '../format.js'
import { html } from '../html.js'
import { stats, statsFailure } from '../state/gateway.js'
import { StaleMark, TableFrame } from './panel.js'

export function StatsPanel() {
  const figures = stats.value
  if (!figures) {
    return html`<footer class="stats">${statsFailure.value && html`<p role="alert">The gateway’s figures can’t be read: ${statsFailure.value.message}</p>`}</footer>`
  }
  const route = Object.entries(figures.routes).find(([name]) => name.endsWith('/recommendations'))?.[1]
  return html`
    <footer class="stats">
      <${StaleMark} />
      <dl class="figures">
        <${Figure} name="gateway" value=${figures.gateway} />
        <${Figure} name="up" value=${formatDuration(figures.uptimeSeconds)} />
        <${Figure} name="sockets" value=${formatCount(figures.sockets)} />
        ${route && html`<${Figure} name="recommendations" value="${route.perSecond}/s" />`}
        ${route && html`<${Figure} name="p50 / p99" value="${formatMs(route.p50Ms)} / ${formatMs(route.p99Ms)}" />`}
        ${Object.entries(figures.readers).map(([name, reader]) => html`<${Figure} key=${name} name="log ${name}" value=${describeReader(reader)} />`)}
        <${Figure} name="breaker" value=${figures.breaker} />
      </dl>
      <details>
        <summary>Routes</summary>
        <${RouteTable} routes=${figures.routes} />
      </details>
    </footer>
  `
}

/** @param {{name: string, value: string}} props */
const Figure = ({ name, value }) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`

const describeReader = ({ attached, offset }) => (attached ? `at ${offset ?? 'its start'}` : 'detached')

/** @param {{routes: Record<string, import('../shapes.js').RouteStats>}} props */
const RouteTable = ({ routes }) => html`
  <${TableFrame} label="The routes of the gateway">
    <table class="metrics">
      <thead><tr><th scope="col">route</th><th scope="col">count</th><th scope="col">errors</th><th scope="col">p50</th><th scope="col">p99</th></tr></thead>
      <tbody>
        ${Object.entries(routes).map(
          ([name, route]) => html`
            <tr key=${name}>
              <th scope="row"><code>${name}</code></th>
              <td>${formatCount(route.count)}</td>
              <td>${formatCount(route.errors)}</td>
              <td>${formatMs(route.p50Ms)}</td>
              <td>${formatMs(route.p99Ms)}</td>
            </tr>
          `,
        )}
      </tbody>
    </table>
  </${TableFrame}>
`

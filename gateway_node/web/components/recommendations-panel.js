/** The recommendations: their source, the changes, and the items with their reasons. */
import { formatMs } from '../format.js'
import { html } from '../html.js'
import {
  arrivedBy,
  askedWith,
  askRecommendations,
  listChange,
  recommendations,
  recommendationsFailure,
} from '../state/recommendations.js'
import { viewerId, words } from '../state/viewer.js'
import { MovingList } from './moving-list.js'
import { Failure, Panel, Placeholder, StaleMark } from './panel.js'
import { RatingOutcome } from './rating-outcome.js'
import { RecommendedItem } from './recommended-item.js'

export const RecommendationsPanel = () => html`
  <${Panel} id="recommendations" title=${titleOfPanel()} flow="flow 1 · ask" aside=${html`<${Origin} />`}>
    <${RatingOutcome} />
    <${RecommendationsBody} />
    <${AskedLine} />
  </${Panel}>
`

const titleOfPanel = () => (viewerId.value === null ? 'Recommendations' : `For user ${viewerId.value}`)

function Origin() {
  const answer = recommendations.value
  if (!answer) return null
  return html`
    <${StaleMark} />
    <span class="badge" title=${words.value.sources[answer.source]}>${answer.source === 'fallback' ? 'fallback: popular films' : answer.source}</span>
    ${answer.degraded && html`<span class="badge badge-bad" title="The recommender doesn’t answer: this list may be old">degraded</span>`}
    <span class="badge" title="The model version that scored this list"><code>${answer.modelVersion || 'no model'}</code></span>
  `
}

function RecommendationsBody() {
  const answer = recommendations.value
  if (recommendationsFailure.value) {
    const retry = () => askRecommendations()
    return html`<${Failure} what="The list can’t be shown" error=${recommendationsFailure.value} retry=${retry} />`
  }
  if (viewerId.value === null) return html`<p class="quiet">Choose a user first.</p>`
  if (!answer) return html`<${Placeholder} rows=${10} label="Asking for recommendations" />`
  if (answer.items.length === 0) return html`<p class="quiet">${words.value.nothingLeft}</p>`
  const best = Math.max(...answer.items.map(({ score }) => score))
  const isPersonal = answer.items.some(({ why }) => why?.length)
  return html`
    <${MovingList} class="items" label="Recommended films, best first">
      ${answer.items.map(
        (item, place) => html`
          <li class="item" key=${item.itemId} data-key=${item.itemId}>
            <${RecommendedItem} item=${item} place=${place + 1} best=${best} isPersonal=${isPersonal} mark=${listChange.value.marks.get(item.itemId)} />
          </li>
        `,
      )}
    </${MovingList}>
  `
}

function AskedLine() {
  const asked = askedWith.value
  if (!asked) return null
  return html`
    <p class="trace">
      <code>GET ${asked.path}</code>
      ${asked.timings.map(
        ({ name, durationMs, description }) => html`
          <span key=${name} title=${description ?? 'From the Server-Timing header'}>${name}${durationMs !== null && ` ${formatMs(durationMs)}`}</span>
        `,
      )}
      <span title="Measured by this page">round trip ${formatMs(asked.roundTripMs)}</span>
      ${arrivedBy.value === 'pushed' && html`<span>updated since then by the socket</span>`}
    </p>
  `
}

/** The user's history, newest first, with entries that are accepted but not yet in SQL. */
import { formatDay } from '../format.js'
import { html } from '../html.js'
import { showItem } from '../state/catalogue.js'
import {
  historyFailure,
  historyOffset,
  historyPageToken,
  interactions,
  isHistoryLoading,
  pendingInteractions,
  readMoreHistory,
  refreshHistory,
} from '../state/history.js'
import { mergeHistory } from '../state/latest.js'
import { viewerId, words } from '../state/viewer.js'
import { Failure, Panel, Placeholder } from './panel.js'
import { StarsShown } from './stars.js'

export function HistoryPanel() {
  if (viewerId.value === null) return null
  return html`<${Panel} id="history" title="History" aside=${html`<${AsOf} />`}><${HistoryBody} /></${Panel}>`
}

function AsOf() {
  if (historyOffset.value === null) return null
  return html`<span class="quiet" title="The last offset of the log that is written to the SQL store">log as of ${historyOffset.value}</span>`
}

function HistoryBody() {
  const rows = mergeHistory(pendingInteractions.value, interactions.value)
  if (historyFailure.value) {
    return html`<${Failure} what="The history can’t be read" error=${historyFailure.value} retry=${refreshHistory} />`
  }
  if (rows.length === 0) {
    if (isHistoryLoading.value) return html`<${Placeholder} rows=${5} label="Reading the history" />`
    return html`<p class="quiet">${words.value.emptyHistory}</p>`
  }
  return html`
    <ol class="history" aria-label="Interactions, newest first">
      ${rows.map((row) => html`<${HistoryRow} key=${row.interaction.interactionId} ...${row} />`)}
    </ol>
    <${More} />
  `
}

/** @param {{interaction: import('../shapes.js').Interaction, isOnItsWay?: boolean}} props */
function HistoryRow({ interaction, isOnItsWay = false }) {
  const { itemId, title, rating, occurredAt } = interaction
  return html`
    <li class="history-row">
      <button type="button" class="link title" onClick=${() => showItem({ itemId, title })}>${title}</button>
      <span class="history-facts">
        ${rating !== null && rating !== undefined && html`<${StarsShown} rating=${rating} />`}
        ${isOnItsWay && html`<span class="badge badge-wait" title="Accepted; the projector hasn’t written it to SQL yet">in the log</span>`}
        ${!isOnItsWay && occurredAt && html`<time class="quiet" datetime=${occurredAt}>${formatDay(occurredAt)}</time>`}
      </span>
    </li>
  `
}

function More() {
  if (historyPageToken.value === null) return null
  return html`<button type="button" class="button button-wide" aria-disabled=${isHistoryLoading.value} onClick=${readMoreHistory}>Show older</button>`
}

/** Metrics of a job by name, and the table of an evaluation. */
import { useEffect } from 'preact/hooks'
import { formatMetric, formatMetricName, sortMetrics } from '../format.js'
import { html } from '../html.js'
import { rankings, readRanking } from '../state/rankings.js'
import { Failure, Placeholder, TableFrame } from './panel.js'

const metricNames = ['map', 'ndcg_at_10', 'precision_at_10', 'recall_at_10']

/** @param {{metrics: Record<string, number>}} props */
export const MetricList = ({ metrics }) => html`
  <dl class="figures">
    ${sortMetrics(metrics).map(([name, value]) => html`<div key=${name}><dt>${formatMetricName(name)}</dt><dd>${formatMetric(value)}</dd></div>`)}
  </dl>
`

/** @param {{job: import('../shapes.js').Job}} props  a finished evaluation */
export function RankingTable({ job }) {
  useEffect(() => {
    readRanking(job)
  }, [job])
  const { rows, failure } = rankings.value.get(job.jobId) ?? { rows: null, failure: null }
  if (failure)
    return html`<${Failure} what="The table can’t be read" error=${failure} retry=${() => readRanking(job)} />`
  if (!rows) return html`<${Placeholder} rows=${4} label="Reading the table" />`
  return html`
    <${TableFrame} label="The table of the evaluation">
      <table class="metrics">
        <thead>
          <tr><th scope="col">estimator</th>${metricNames.map((name) => html`<th scope="col" key=${name}>${formatMetricName(name)}</th>`)}</tr>
        </thead>
        <tbody>${rows.map((row) => html`<${RankingLine} key=${row.estimator} row=${row} />`)}</tbody>
      </table>
    </${TableFrame}>
  `
}

/** @param {{row: import('../state/rankings.js').RankingRow}} props */
const RankingLine = ({ row }) => html`
  <tr>
    <th scope="row" title=${row.params}>
      ${row.estimator}${row.selected === 'true' && html`<span title="Selected by cross-validation inside the training part"> ✓</span>`}
    </th>
    ${metricNames.map((name) => html`<td key=${name}>${formatMetric(Number(row[name]))}</td>`)}
  </tr>
`

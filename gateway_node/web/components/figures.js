/** Metrics of a job by name, and the table of an evaluation. */
import { useEffect } from 'preact/hooks'
import { formatMetricName, formatMetrics, formatWithInterval } from '../format.js'
import { html } from '../html.js'
import { rankings, readRanking } from '../state/rankings.js'
import { Failure, Placeholder, TableFrame } from './panel.js'

const metricNames = ['map', 'ndcg_at_10', 'precision_at_10', 'recall_at_10', 'coverage_at_10', 'popularity_bias']

/** @param {{metrics: Record<string, number>}} props */
export const MetricList = ({ metrics }) => html`
  <dl class="figures">
    ${formatMetrics(metrics).map(({ name, value }) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}
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
          <tr><th scope="col">estimator</th>${metricNames.map((name) => html`<th scope="col" key=${name}>${formatMetricName(name)}</th>`)}<th scope="col" title="How much better nDCG@10 is than in the next row, with its interval over the same users">lead</th></tr>
        </thead>
        <tbody>${rows.map((row) => html`<${RankingLine} key=${row.estimator} row=${row} />`)}</tbody>
      </table>
    </${TableFrame}>
  `
}

const isClear = (row) => Math.abs(Number(row.lead)) > Number(row.lead_interval)

/** @param {{row: import('../state/rankings.js').RankingRow}} props */
const RankingLine = ({ row }) => html`
  <tr>
    <th scope="row" title=${row.params}>
      ${row.estimator}${row.selected === 'true' && html`<span title="Selected by cross-validation inside the training part"> ✓</span>`}
    </th>
    ${metricNames.map((name) => html`<td key=${name}>${formatWithInterval(name, row)}</td>`)}
    <td>${row.lead && html`${formatWithInterval('lead', row)}, ${isClear(row) ? 'clear' : 'unclear'}`}</td>
  </tr>
`

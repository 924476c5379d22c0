/** A job: its progress, its metrics and its result. */
import { useEffect, useState } from 'preact/hooks'
import { formatBytes, formatClock, formatDuration, formatMetric } from '../format.js'
import { html } from '../html.js'
import { socketState } from '../live.js'
import { cancelJob, isFinished, saveResult } from '../state/jobs.js'
import { MetricList, RankingTable } from './figures.js'

const stateBadges = {
  queued: 'badge-wait',
  running: 'badge-wait',
  succeeded: 'badge-good',
  failed: 'badge-bad',
  cancelled: '',
}

/** @param {{job: import('../shapes.js').Job}} props */
export const JobCard = ({ job }) => html`
  <li class="job">
    <p class="job-head">
      <strong>${job.kind}</strong>
      <span class="badge ${stateBadges[job.state] ?? ''}">${job.state}</span>
      ${job.attempts > 1 && html`<span class="quiet">attempt ${job.attempts}</span>`}
      <span class="quiet job-time">
        <time datetime=${job.createdAt}>${formatClock(job.createdAt)}</time> · <${Duration} job=${job} />
      </span>
    </p>
    ${isFinished(job) ? html`<${Outcome} job=${job} />` : html`<${JobProgress} job=${job} />`}
  </li>
`

/** The duration of a job. It counts up while the job runs, and stops while the socket is lost, because the job may have ended. @param {{job: import('../shapes.js').Job}} props */
function Duration({ job }) {
  const [now, setNow] = useState(Date.now())
  const isGoingOn = !isFinished(job) && socketState.value.lostAt === null
  useEffect(() => {
    if (!isGoingOn) return
    const timer = setInterval(() => setNow(Date.now()), 1_000)
    return () => clearInterval(timer)
  }, [isGoingOn])
  const until = Math.max(isGoingOn ? now : 0, Date.parse(job.updatedAt))
  return formatDuration((until - Date.parse(job.createdAt)) / 1000)
}

/** @param {{job: import('../shapes.js').Job}} props */
function JobProgress({ job }) {
  const best = job.metrics?.ndcg_at_10
  return html`
    <div class="job-progress">
      <progress max="100" value=${job.percent} aria-label="Progress of the job ${job.kind}"></progress>
      <span class="job-percent">${Math.floor(job.percent)} %</span>
    </div>
    <p class="job-step">
      <span>${job.step || (job.state === 'queued' ? 'waiting for a worker' : 'starting')}</span>
      ${best !== undefined && html`<span title="The best metric of this job so far">best nDCG@10 <strong>${formatMetric(best)}</strong></span>`}
    </p>
    <button type="button" class="button button-small" aria-disabled=${job.cancelRequested} onClick=${() => cancelJob(job)}>
      ${job.cancelRequested ? 'Cancelling …' : 'Cancel'}
    </button>
  `
}

/** @param {{job: import('../shapes.js').Job}} props */
const Outcome = ({ job }) => html`
  ${job.error && html`<p class="job-error">${job.error.detail} <code>${job.error.reason}</code></p>`}
  <${Figures} job=${job} />
  ${job.result?.modelVersion && html`<p class="quiet">version <code>${job.result.modelVersion}</code> ${job.result.promoted ? 'went live' : 'didn’t go live: it isn’t known to be as good as the live one'}</p>`}
  ${job.result?.file && html`<${ResultLink} job=${job} file=${job.result.file} />`}
`

/** The result of an evaluation is a table, which contains its metrics. @param {{job: import('../shapes.js').Job}} props */
function Figures({ job }) {
  if (job.kind === 'evaluate' && job.result?.file) return html`<${RankingTable} job=${job} />`
  return Object.keys(job.metrics).length > 0 ? html`<${MetricList} metrics=${job.metrics} />` : null
}

/** @param {{job: import('../shapes.js').Job, file: NonNullable<import('../shapes.js').JobResult['file']>}} props */
const ResultLink = ({ job, file }) => html`
  <p><button type="button" class="link" onClick=${() => saveResult(job, file)}>Download ${file.name}</button> <span class="quiet">${formatBytes(file.sizeBytes)}</span></p>
`

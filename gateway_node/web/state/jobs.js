/**
 * Background jobs: started over HTTP, followed over the socket by offset.
 * @import {Job, JobResult} from '../shapes.js'
 */
import { computed, signal } from '@preact/signals'
import { ask, askText, newIdempotencyKey } from '../api.js'
import { forgetOffset, listen, onLiveError, onLiveOpen } from '../live.js'
import { refreshModels } from './models.js'
import { notify } from './notices.js'

const JOBS_SHOWN = 5
const FINAL_STATES = ['succeeded', 'failed', 'cancelled']

/** Newest first. @type {import('@preact/signals').Signal<Job[]>} */
export const jobs = signal([])
/** @type {import('@preact/signals').Signal<(Error & {reason?: string}) | null>} */
export const jobsFailure = signal(null)

/** @param {Job} job */
export const isFinished = (job) => FINAL_STATES.includes(job.state)

/** Whether a training waits or runs. @type {import('@preact/signals').ReadonlySignal<boolean>} */
export const isTraining = computed(() => jobs.value.some((job) => job.kind === 'train' && !isFinished(job)))

/** Follows all jobs. Lists them again after each reconnect, because the socket can't resume jobs that are too old. */
export function startJobs() {
  listen('jobs', ({ data }) => takeIn(data?.job ?? data), { isOrdered: true })
  onLiveOpen(refreshJobs)
  onLiveError(({ reason }) => {
    if (reason !== 'RESUME_TOO_OLD') return
    forgetOffset('jobs')
    refreshJobs()
  })
  refreshJobs()
}

/** Lists the newest jobs again. */
export async function refreshJobs() {
  try {
    const { body } = await ask('/v1/jobs', { query: { pageSize: JOBS_SHOWN } })
    for (const job of body.jobs) takeIn(job)
    jobsFailure.value = null
  } catch (error) {
    jobsFailure.value = error
  }
}

/** @param {string} kind @param {object} params @param {string} [idempotencyKey] */
export async function startJob(kind, params, idempotencyKey = newIdempotencyKey()) {
  try {
    const { body } = await ask('/v1/jobs', { method: 'POST', idempotencyKey, body: { kind, params } })
    takeIn(body)
  } catch (error) {
    notify(`The job “${kind}” wasn’t accepted`, error, () => startJob(kind, params, idempotencyKey))
  }
}

/** @param {Job} job */
export async function cancelJob(job) {
  if (job.cancelRequested) return
  try {
    const { body } = await ask(`/v1/jobs/${encodeURIComponent(job.jobId)}/cancel`, { method: 'POST' })
    takeIn(body)
  } catch (error) {
    notify(`The job “${job.kind}” can’t be cancelled`, error, () => cancelJob(job))
  }
}

/** @param {Job} job */
export const resultAddress = (job) => `/v1/jobs/${encodeURIComponent(job.jobId)}/result`

/** Saves the file by a request with a token, which a link couldn't send. @param {Job} job @param {NonNullable<JobResult['file']>} file */
export async function saveResult(job, { name, mediaType }) {
  try {
    const address = URL.createObjectURL(new Blob([await askText(resultAddress(job))], { type: mediaType }))
    Object.assign(document.createElement('a'), { href: address, download: name }).click()
    URL.revokeObjectURL(address)
  } catch (error) {
    notify(`The file of the job “${job.kind}” can’t be downloaded`, error, () =>
      saveResult(job, { name, mediaType, sizeBytes: 0 }),
    )
  }
}

/** Answers and pushed events may arrive in any order: the one with the latest update counts, and a final state stays. */
function takeIn(job) {
  if (!job?.jobId) return
  const known = jobs.value.find(({ jobId }) => jobId === job.jobId)
  if (known && (Date.parse(known.updatedAt) > Date.parse(job.updatedAt) || (isFinished(known) && !isFinished(job))))
    return
  const others = jobs.value.filter((other) => other !== known)
  jobs.value = [...others, job].sort((a, b) => Date.parse(b.createdAt) - Date.parse(a.createdAt)).slice(0, JOBS_SHOWN)
  if (known && !isFinished(known) && job.result?.modelVersion) refreshModels()
}

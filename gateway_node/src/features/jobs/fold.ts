// The state of a job as the sum of its facts. Pure: the same facts give the same job on every replica.
import { isDeepStrictEqual } from 'node:util'
import { toReason } from '../../errors.ts'
import type { Failure } from '../../gen/whynotboth/v1/errors.ts'
import type { JobRequested, JobResult } from '../../gen/whynotboth/v1/jobs.ts'
import type { Fact } from './facts.ts'
import { type MessageParams, toJobParams } from './kinds.ts'
import type { Job, JobState } from './schemas.ts'

type FactOf<Name extends Fact['name']> = Extract<Fact, { name: Name }>
type Attempted = Extract<Fact, { attempt: number }>

const finalStates: ReadonlySet<JobState> = new Set(['succeeded', 'failed', 'cancelled'])

export const isFinal = (job: Job) => finalStates.has(job.state)

/** The job after the fact; the same job, by identity, where the fact changes nothing; undefined where the job was never asked for. */
export function foldFact(job: Job | undefined, fact: Fact): Job | undefined {
  if (job === undefined) return begin(fact)
  if (fact.name === 'job.requested') return job
  // Nothing follows a final state, but that an operator may replay what has failed.
  if (fact.name === 'job.replayed' ? job.state !== 'failed' : isFinal(job)) return job
  if (fact.name === 'job.cancel_requested') {
    return job.cancelRequested ? job : { ...job, cancelRequested: true, updatedAt: toTime(fact.occurredAt) }
  }
  if (isStale(job, fact) || isSameProgress(job, fact)) return job
  return { ...job, ...change(job, fact), updatedAt: toTime(fact.occurredAt) }
}

function begin(fact: Fact): Job | undefined {
  if (fact.name !== 'job.requested' || fact.params === undefined) return undefined
  return createJob({ ...fact, params: fact.params })
}

/** A worker that was taken for dead may still speak of an attempt that has ended. */
function isStale(job: Job, fact: Attempted): boolean {
  switch (fact.name) {
    case 'job.progressed':
      return fact.attempt < job.attempts || (fact.attempt === job.attempts && job.state !== 'running')
    case 'job.started':
      return fact.attempt <= job.attempts
    case 'job.failed':
    case 'job.cancelled':
      return fact.attempt !== 0 && fact.attempt < job.attempts
    default:
      return fact.attempt < job.attempts
  }
}

/** A worker may publish a progress twice: it can't know whether one that it got no confirm for is in the log. */
function isSameProgress(job: Job, fact: Attempted): boolean {
  if (fact.name !== 'job.progressed') return false
  const { state, attempts, percent, step, metrics, error } = job
  return isDeepStrictEqual({ state, attempts, percent, step, metrics, error }, change(job, fact))
}

function change(job: Job, fact: Attempted): Partial<Job> {
  const attempts = Math.max(job.attempts, fact.attempt)
  switch (fact.name) {
    case 'job.started':
      return { state: 'running', attempts, percent: 0, step: '', metrics: {}, error: null }
    case 'job.progressed':
      return { state: 'running', attempts, percent: fact.percent, step: fact.step, metrics: fact.metrics, error: null }
    case 'job.succeeded':
      return succeed(attempts, fact)
    case 'job.retried':
      return { state: 'queued', attempts, error: toError(fact.error) }
    case 'job.failed':
      return { state: 'failed', attempts, error: toError(fact.error) }
    case 'job.replayed':
      return { state: 'queued', attempts, error: null }
    case 'job.cancelled':
      return { state: 'cancelled', attempts }
  }
}

function succeed(attempts: number, fact: FactOf<'job.succeeded'>): Partial<Job> {
  const result = fact.result === undefined ? null : toResult(fact.result)
  return { state: 'succeeded', attempts, percent: 100, metrics: fact.metrics, error: null, result }
}

/** A job as it is when nothing but the request for it is known. */
export function createJob({ jobId, params, occurredAt }: JobRequested & { params: MessageParams }): Job {
  const createdAt = toTime(occurredAt)
  return {
    jobId,
    kind: params.$case,
    params: toJobParams(params),
    state: 'queued',
    cancelRequested: false,
    percent: 0,
    step: '',
    metrics: {},
    attempts: 0,
    createdAt,
    updatedAt: createdAt,
    error: null,
    result: null,
  }
}

function toResult({ modelVersion, promoted, file }: JobResult): NonNullable<Job['result']> {
  return { modelVersion: modelVersion || null, promoted, file: file ?? null }
}

function toError(failure: Failure | undefined): Job['error'] {
  return failure === undefined ? null : { reason: toReason(failure.reason), detail: failure.detail }
}

/** Every publisher sets the time; a message without one is from long ago. */
function toTime(occurredAt: Date | undefined): string {
  return (occurredAt ?? new Date(0)).toISOString()
}

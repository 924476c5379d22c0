// The fold of a job: its state after each fact of the stream `job-events`. The same facts give the same job on every replica.
import { isDeepStrictEqual } from 'node:util'
import { toReason } from '../../errors.ts'
import type { Failure } from '../../gen/whynotboth/v1/errors.ts'
import {
  JobCancelled,
  JobCancelRequested,
  JobFailed,
  JobProgressed,
  JobReplayed,
  JobRequested,
  type JobResult,
  JobRetried,
  JobStarted,
  JobSucceeded,
} from '../../gen/whynotboth/v1/jobs.ts'
import { type MessageParams, toJobParams } from './kinds.ts'
import type { Job, JobState } from './schemas.ts'

/** The message of each fact, by the fact's routing key. */
const messages = {
  'job.requested': JobRequested,
  'job.started': JobStarted,
  'job.progressed': JobProgressed,
  'job.succeeded': JobSucceeded,
  'job.retried': JobRetried,
  'job.failed': JobFailed,
  'job.replayed': JobReplayed,
  'job.cancel_requested': JobCancelRequested,
  'job.cancelled': JobCancelled,
}

type Messages = typeof messages
export type FactName = keyof Messages
/** One event of a job, discriminated by its routing key. */
export type Fact = { [Name in FactName]: { name: Name } & ReturnType<Messages[Name]['decode']> }[FactName]
type FactOf<Name extends FactName> = Extract<Fact, { name: Name }>
type Attempted = Extract<Fact, { attempt: number }>

const nameOfType = new Map<string, FactName>([
  ['whynotboth.v1.JobRequested', 'job.requested'],
  ['whynotboth.v1.JobStarted', 'job.started'],
  ['whynotboth.v1.JobProgressed', 'job.progressed'],
  ['whynotboth.v1.JobSucceeded', 'job.succeeded'],
  ['whynotboth.v1.JobRetried', 'job.retried'],
  ['whynotboth.v1.JobFailed', 'job.failed'],
  ['whynotboth.v1.JobReplayed', 'job.replayed'],
  ['whynotboth.v1.JobCancelRequested', 'job.cancel_requested'],
  ['whynotboth.v1.JobCancelled', 'job.cancelled'],
])

/** Decode a message. Undefined for an unknown type: newer services may publish more. Throws if the body isn't of its type. */
export function decodeFact(type: string, body: Uint8Array): Fact | undefined {
  const name = nameOfType.get(type)
  if (name === undefined) return undefined
  const fact = { name, ...messages[name].decode(body) } as Fact
  if (fact.occurredAt !== undefined && Number.isNaN(fact.occurredAt.getTime()))
    throw new RangeError(`The time of the fact ${name} is not valid.`)
  return fact
}

const finalStates: ReadonlySet<JobState> = new Set(['succeeded', 'failed', 'cancelled'])

export const isFinal = (job: Job) => finalStates.has(job.state)

/** Return the job after the fact: the same object if the fact changes nothing, undefined if the job was never requested. */
export function foldFact(job: Job | undefined, fact: Fact): Job | undefined {
  if (job === undefined) return begin(fact)
  if (fact.name === 'job.requested') return job
  // A final state stays. Only a failed job may be replayed.
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

/** Whether the fact is of an attempt that has ended. A worker that was taken for dead may still publish such facts. */
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

/** Whether the job shows this progress already. A worker publishes a progress again if the broker didn't confirm it. */
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

/** Return a job of which only the request is known. */
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

/** Every publisher sets the time. A message without a time counts as old. */
function toTime(occurredAt: Date | undefined): string {
  return (occurredAt ?? new Date(0)).toISOString()
}

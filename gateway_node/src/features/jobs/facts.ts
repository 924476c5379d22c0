// From a message of the stream `job-events` to a fact, and back to nothing where it can't be read.
import {
  JobCancelled,
  JobCancelRequested,
  JobFailed,
  JobProgressed,
  JobReplayed,
  JobRequested,
  JobRetried,
  JobStarted,
  JobSucceeded,
} from '../../gen/whynotboth/v1/jobs.ts'

const decoders = {
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

type Decoders = typeof decoders
export type FactName = keyof Decoders
/** One thing that happened to a job, discriminated by its routing key. */
export type Fact = { [Name in FactName]: { name: Name } & ReturnType<Decoders[Name]['decode']> }[FactName]

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

/** The fact of a message; undefined for a type that isn't a job's, so that newer publishers don't stop older readers. Throws on a body that isn't that type. */
export function decodeFact(type: string, body: Uint8Array): Fact | undefined {
  const name = nameOfType.get(type)
  if (name === undefined) return undefined
  const fact = { name, ...decoders[name].decode(body) } as Fact
  if (fact.occurredAt !== undefined && Number.isNaN(fact.occurredAt.getTime()))
    throw new RangeError('The time is none.')
  return fact
}

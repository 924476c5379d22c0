// Messages of the stream `job-events`, as workers and gateways write them.
import { randomUUID } from 'node:crypto'
import type { LogMessage, Publication } from '../../../src/clients/broker/broker.ts'
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
} from '../../../src/gen/whynotboth/v1/jobs.ts'

const types = {
  JobRequested,
  JobStarted,
  JobProgressed,
  JobSucceeded,
  JobRetried,
  JobFailed,
  JobReplayed,
  JobCancelRequested,
  JobCancelled,
}

type Types = typeof types
type Fields<Name extends keyof Types> = Partial<ReturnType<Types[Name]['decode']>> & { jobId: string }
type Codec = { create(fields: unknown): unknown; encode(message: unknown): { finish(): Uint8Array } }
export type Entry = Pick<Publication, 'type' | 'messageId' | 'correlationId' | 'body'>

export function jobFact<Name extends keyof Types>(name: Name, fields: Fields<Name>): Entry {
  const message = { occurredAt: new Date(), ...fields }
  const codec = types[name] as unknown as Codec
  const body = codec.encode(codec.create(message)).finish()
  return { type: `whynotboth.v1.${name}`, messageId: randomUUID(), correlationId: fields.jobId, body }
}

export function exportRequested(jobId: string, occurredAt = new Date()): Entry {
  return jobFact('JobRequested', { jobId, params: { $case: 'export', export: { limit: 5 } }, occurredAt })
}

export function toLogMessage(entry: Entry, offset: number): LogMessage {
  return { ...entry, correlationId: entry.correlationId, offset, timestamp: new Date(), traceparent: undefined }
}

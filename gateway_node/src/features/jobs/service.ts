// The use cases "request a job" and "cancel a job". Both publish a message; a worker acts on it.
import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { FastifyInstance } from 'fastify'
import type { Publication } from '../../clients/broker/broker.ts'
import type { Call } from '../../clients/recommender/recommender.ts'
import { AppError } from '../../errors.ts'
import { JobCancelRequested, JobRequested } from '../../gen/whynotboth/v1/jobs.ts'
import { deriveId } from '../../http/idempotency.ts'
import { createJob, foldFact, isFinal } from './fold.ts'
import { type JobParams, type KindName, toMessageParams } from './kinds.ts'
import type { Job } from './schemas.ts'
import type { JobsView } from './view.ts'

type Parts = Pick<FastifyInstance, 'broker' | 'jobsLog' | 'config'> & { jobs: JobsView }
type NewJob = { kind: KindName; params: JobParams; subject: string; idempotencyKey: string | undefined }

/** Publish the job, and return it as this gateway knows it. If the Idempotency-Key has made a job before, return that job: its id is derived from the key. */
export async function requestJob(parts: Parts, newJob: NewJob, call: Call): Promise<Job> {
  const params = toMessageParams(newJob.kind, newJob.params)
  const jobId = deriveId(newJob.subject, 'POST /v1/jobs', newJob.idempotencyKey)
  const request = { jobId, params, occurredAt: new Date() }
  const requested = createJob(request)
  const known = parts.jobs.latest(jobId)?.job
  if (known !== undefined && hasBegun(requireSame(known, requested))) return known
  const body = JobRequested.encode(request).finish()
  await publish(parts, { jobId, messageId: jobId, type: 'JobRequested', routingKey: 'job.requested', body }, call)
  return requireSame(parts.jobs.latest(jobId)?.job ?? requested, requested)
}

/** Publish the cancel request, unless the job has ended or has such a request already. */
export async function requestCancel(parts: Parts, jobId: string, call: Call): Promise<Job> {
  const job = parts.jobs.get(jobId)
  if (isFinal(job) || job.cancelRequested) return job
  const request = JobCancelRequested.create({ jobId, occurredAt: new Date() })
  const body = JobCancelRequested.encode(request).finish()
  const messageId = randomUUID()
  await publish(parts, { jobId, messageId, type: 'JobCancelRequested', routingKey: 'job.cancel_requested', body }, call)
  const seen = parts.jobs.get(jobId)
  return foldFact(seen, { name: 'job.cancel_requested', ...request }) ?? seen
}

type Message = { jobId: string; type: string } & Pick<Publication, 'messageId' | 'routingKey' | 'body'>

/** Publish, then wait until this gateway has read the message, so that the caller's next read shows it. The wait is bounded. */
async function publish({ broker, jobsLog, config }: Parts, message: Message, call: Call): Promise<void> {
  const { jobId, type, ...rest } = message
  await broker.publish({
    ...rest,
    exchange: 'jobs',
    type: `whynotboth.v1.${type}`,
    correlationId: jobId,
    traceparent: call.traceparent,
    mandatory: true,
  })
  await jobsLog.waitFor(message.messageId, config.readOwnWriteMs)
}

/** Whether a worker has the job. Until then the job may be in the stream only, if the broker stopped in the middle of its publication. */
function hasBegun({ state, attempts }: Job): boolean {
  return state !== 'queued' || attempts > 0
}

function requireSame(known: Job, requested: Job): Job {
  if (known.kind === requested.kind && isDeepStrictEqual(known.params, requested.params)) return known
  throw new AppError(
    'IDEMPOTENCY_KEY_REUSED',
    `This Idempotency-Key has made the job ${known.jobId} with another body. Use a new key for new work.`,
  )
}

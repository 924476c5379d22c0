// What callers may want of jobs: ask for one, and ask for its end. Both are publications; the work is the workers'.
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

/** Publishes the job and answers it as this gateway sees it. With a known Idempotency-Key, answers the job that the key has made: workers take a second command for the same. */
export async function requestJob(parts: Parts, newJob: NewJob, call: Call): Promise<Job> {
  const params = toMessageParams(newJob.kind, newJob.params)
  const jobId = deriveId(newJob.subject, 'POST /v1/jobs', newJob.idempotencyKey)
  const request = { jobId, params, occurredAt: new Date() }
  const asked = createJob(request)
  const known = parts.jobs.latest(jobId)?.job
  if (known !== undefined && hasBegun(requireSame(known, asked))) return known
  const body = JobRequested.encode(request).finish()
  await publish(parts, { jobId, messageId: jobId, type: 'JobRequested', routingKey: 'job.requested', body }, call)
  return requireSame(parts.jobs.latest(jobId)?.job ?? asked, asked)
}

/** Publishes the wish unless the job has ended or was asked to already. */
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

/** After the confirm it waits a little for the own view, so that reading at once shows what was written. */
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

/** Else it may stand in the log alone, where a broker's end cut its publication in two: only a confirm says that the queue has it. */
function hasBegun({ state, attempts }: Job): boolean {
  return state !== 'queued' || attempts > 0
}

function requireSame(known: Job, asked: Job): Job {
  if (known.kind === asked.kind && isDeepStrictEqual(known.params, asked.params)) return known
  throw new AppError(
    'IDEMPOTENCY_KEY_REUSED',
    `This Idempotency-Key has made the job ${known.jobId} with another body. Use a new key for new work.`,
  )
}

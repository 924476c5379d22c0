// `jobs` and `jobs/{jobId}`: the changes of jobs in the order of the stream, resumable by its offsets on any replica.
import type { FastifyInstance } from 'fastify'
import { AppError } from '../../../errors.ts'
import { Feed } from '../feed.ts'
import { encodeError, encodeEvent } from '../frames.ts'
import type { Outbox } from '../outbox.ts'
import type { Lifetime } from '../subscriptions.ts'
import type { JobChange, Subscription, TopicHandler, TopicKind } from '../topic.ts'

/** Events that are kept for clients that resume. */
const keptEvents = 10_000
/** A stream without messages doesn't notify this gateway that it has been read, so this topic asks at this interval. */
const readyPollMs = 100
/** Jobs in the snapshot of `jobs`. */
const snapshotJobs = 100

export const jobsTopic: TopicKind = {
  names: ['jobs', 'jobs/{jobId}'],
  access: ['operator'],
  create: ({ app }) => {
    const topic = new JobsTopic(app.jobs, app.config.readOwnWriteMs)
    app.jobs.subscribe({ onChange: (change) => topic.add(change), onRestart: () => topic.restart() })
    return topic
  },
}

type Jobs = FastifyInstance['jobs']

class JobsTopic implements TopicHandler {
  readonly #jobs: Jobs
  readonly #catchUpMs: number
  readonly #feed = new Feed(keptEvents)

  /** A client may be ahead of this replica. The replica has `catchUpMs` to read what the client has seen. */
  constructor(jobs: Jobs, catchUpMs: number) {
    this.#jobs = jobs
    this.#catchUpMs = catchUpMs
  }

  add(change: JobChange): void {
    this.#feed.add({ offset: change.offset, jobId: change.job.jobId, json: JSON.stringify(toData(change)) })
  }

  /** The stream `job-events` begins anew: the offsets so far mean nothing. */
  restart(): void {
    this.#feed.restart((topic, outbox) => outbox.send(encodeTooOld(topic)))
  }

  async subscribe(topic: string, subscription: Subscription, { jobId }: Record<string, string>): Promise<void> {
    const { outbox, resume, lifetime } = subscription
    await this.#untilReady(lifetime)
    await this.#untilAheadOf(jobId, resume, lifetime)
    if (lifetime.isOver) return
    const position = this.#resumeAt(resume)
    if (position === undefined) this.#sendSnapshot({ topic, jobId, outbox, isResume: resume !== undefined })
    this.#feed.attach({ topic, jobId, outbox, lifetime, position: position ?? this.#feed.end })
  }

  /** Before the stream has been read, this replica doesn't know the jobs. The client waits, as it waits for events while the broker is away. */
  async #untilReady(lifetime: Lifetime): Promise<void> {
    const isOver = () => this.#jobs.isReady || lifetime.isOver
    while (!isOver()) await this.#jobs.waitUntil(isOver, readyPollMs)
  }

  /** A client that resumes waits until this replica has read as far as the client. Another client waits for `catchUpMs` at most. */
  async #untilAheadOf(jobId: string | undefined, resume: number | undefined, lifetime: Lifetime): Promise<void> {
    const isOver = () => this.#isAheadOf(jobId, resume) || lifetime.isOver
    if ((await this.#jobs.waitUntil(isOver, this.#catchUpMs)) || resume === undefined) return
    while (!isOver() && !(await this.#jobs.hasReadToEnd())) await this.#jobs.waitUntil(isOver, readyPollMs)
  }

  /** Whether this replica knows the offset or the job that the client names. */
  #isAheadOf(jobId: string | undefined, resume: number | undefined): boolean {
    if (resume !== undefined) return (this.#jobs.lastOffset ?? -1) >= resume
    return jobId === undefined || this.#jobs.latest(jobId) !== undefined
  }

  /** An offset that this replica hasn't reached comes from another log, so the client can't resume there. */
  #resumeAt(resume: number | undefined): number | undefined {
    if (resume === undefined || (this.#jobs.lastOffset ?? -1) < resume) return undefined
    return this.#feed.positionAfter(resume)
  }

  /** The newest event of each job, with its own offset: resuming from any of them misses nothing. */
  #sendSnapshot(to: { topic: string; jobId: string | undefined; outbox: Outbox; isResume: boolean }): void {
    const { topic, jobId, outbox } = to
    if (to.isResume) outbox.send(encodeTooOld(topic))
    if (jobId !== undefined) this.#jobs.get(jobId)
    const changes = jobId === undefined ? this.#jobs.latestChanges(snapshotJobs) : [this.#jobs.latest(jobId)]
    for (const change of changes) {
      if (change) outbox.send(encodeEvent(topic, change.offset, JSON.stringify(toData(change))))
    }
  }
}

function toData({ fact, job }: JobChange) {
  return { ...job, fact }
}

function encodeTooOld(topic: string): string {
  const detail = 'The events after that offset are gone. The newest state of each job follows.'
  return encodeError(new AppError('RESUME_TOO_OLD', detail), { topic })
}

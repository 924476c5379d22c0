// `jobs` and `jobs/{jobId}`: the changes of jobs in the order of the stream, resumable by its offsets on any replica.
import type { FastifyInstance } from 'fastify'
import { AppError } from '../../../errors.ts'
import { Feed } from '../feed.ts'
import { encodeError, encodeEvent } from '../frames.ts'
import type { Outbox } from '../outbox.ts'
import type { Lifetime } from '../subscriptions.ts'
import type { Subscription, Topic } from '../topic.ts'

const allTopic = 'jobs'
const prefix = 'jobs/'
/** Events that are kept for those who resume. */
const keptEvents = 10_000
/** A log that holds nothing tells by no message that it has been read. */
const readyPollMs = 100
/** Jobs in the snapshot of `jobs`. */
const snapshotJobs = 100

type Jobs = FastifyInstance['jobs']
type Change = ReturnType<Jobs['latestChanges']>[number]

export class JobsTopic implements Topic {
  readonly #jobs: Jobs
  readonly #catchUpMs: number
  readonly #feed: Feed

  /** A client may be ahead of this replica by as much as the log is late here; it is given `catchUpMs`. */
  constructor(jobs: Jobs, catchUpMs: number, capacity = keptEvents) {
    this.#jobs = jobs
    this.#catchUpMs = catchUpMs
    this.#feed = new Feed(capacity)
    jobs.subscribe({
      onChange: (change) =>
        this.#feed.add({ offset: change.offset, jobId: change.job.jobId, json: JSON.stringify(toData(change)) }),
      onRestart: () => this.#feed.restart((topic, outbox) => outbox.send(encodeTooOld(topic))),
    })
  }

  static matches(topic: string): boolean {
    return topic === allTopic || (topic.startsWith(prefix) && topic.length > prefix.length)
  }

  async subscribe(topic: string, { outbox, resume, lifetime }: Subscription): Promise<void> {
    const jobId = topic === allTopic ? undefined : topic.slice(prefix.length)
    await this.#untilReady(lifetime)
    await this.#untilAheadOf(jobId, resume, lifetime)
    if (lifetime.isOver) return
    const position = this.#resumeAt(resume)
    if (position === undefined) this.#sendSnapshot({ topic, jobId, outbox, isResume: resume !== undefined })
    this.#feed.attach({ topic, jobId, outbox, lifetime, position: position ?? this.#feed.end })
  }

  /** Until the log has been read there is nothing true to say, so the client waits, as it does for events while the broker is away. */
  async #untilReady(lifetime: Lifetime): Promise<void> {
    const isOver = () => this.#jobs.isReady || lifetime.isOver
    while (!isOver()) await this.#jobs.waitUntil(isOver, readyPollMs)
  }

  /** A client that resumes waits for as long as this replica may be behind; one that has seen nothing yet doesn't. */
  async #untilAheadOf(jobId: string | undefined, resume: number | undefined, lifetime: Lifetime): Promise<void> {
    const isOver = () => this.#isAheadOf(jobId, resume) || lifetime.isOver
    if ((await this.#jobs.waitUntil(isOver, this.#catchUpMs)) || resume === undefined) return
    while (!isOver() && !(await this.#jobs.hasReadToEnd())) await this.#jobs.waitUntil(isOver, readyPollMs)
  }

  /** Whether this replica knows what the client speaks of. */
  #isAheadOf(jobId: string | undefined, resume: number | undefined): boolean {
    if (resume !== undefined) return (this.#jobs.lastOffset ?? -1) >= resume
    return jobId === undefined || this.#jobs.latest(jobId) !== undefined
  }

  /** An offset that this replica hasn't reached is of another log, so it can't be resumed from either. */
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

function toData({ fact, job }: Change) {
  return { ...job, fact }
}

function encodeTooOld(topic: string): string {
  const detail = 'The events after that offset are gone. The newest state of each job follows.'
  return encodeError(new AppError('RESUME_TOO_OLD', detail), { topic })
}

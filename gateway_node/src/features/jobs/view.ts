// What this gateway knows of jobs: a bounded fold of the stream `job-events`. It holds nothing that the stream doesn't, so any replica rebuilds it.
import type { FastifyBaseLogger } from 'fastify'
import type { LogHandlers, LogMessage, LogReader } from '../../clients/broker/broker.ts'
import { notifyAll } from '../../clients/listeners.ts'
import { AppError } from '../../errors.ts'
import { decodeFact, type Fact, type FactName } from './facts.ts'
import { foldFact } from './fold.ts'
import type { Job, JobState } from './schemas.ts'

/** The newest jobs that are kept; older ones are unknown. */
const capacity = 10_000
/** Of so many jobs at most, so many facts are kept that stand before the request. */
const earlyJobs = 100
const earlyFacts = 10
/** What stream, queue and ledger keep too. After it a job is unknown. */
const windowMs = 7 * 24 * 3600 * 1000

/** A job after a fact, and where in the stream that fact stands. */
export type JobChange = { offset: number; fact: FactName; job: Job }
type Entry = JobChange & { requestedOffset: number }
type Listeners = { onChange: (change: JobChange) => void; onRestart: () => void }
type JobsPage = { jobs: Job[]; nextPageToken?: string }

export class JobsView {
  readonly #log: Pick<LogReader, 'isCaughtUp' | 'hasReadToEnd'>
  readonly #logger: FastifyBaseLogger
  /** In the order in which the jobs were asked for. */
  readonly #entries = new Map<string, Entry>()
  /** A worker may be told of a job by the queue, and say that it starts, before the stream has the request. */
  readonly #early = new Map<string, Fact[]>()
  readonly #listeners = new Set<Listeners>()
  readonly #waiters = new Set<() => void>()
  #lastOffset: number | null = null
  #hasCaughtUp = false

  /** What the view hears of the stream. */
  readonly follower: LogHandlers = {
    onMessage: (message) => this.#read(message),
    onRestart: () => this.#restart(),
  }

  constructor(log: Pick<LogReader, 'isCaughtUp' | 'hasReadToEnd'>, logger: FastifyBaseLogger) {
    this.#log = log
    this.#logger = logger
  }

  get lastOffset(): number | null {
    return this.#lastOffset
  }

  /** Whether everything that the stream held when this gateway came up has been folded. Losing the broker later leaves it true. */
  get isReady(): boolean {
    this.#hasCaughtUp ||= this.#log.isCaughtUp
    return this.#hasCaughtUp
  }

  /** Whether there is nothing in the stream that this gateway hasn't folded, as the broker says when it is asked. */
  hasReadToEnd(): Promise<boolean> {
    return this.#log.hasReadToEnd()
  }

  /** The newest change of a job, if it is known and within the window. */
  latest(jobId: string): JobChange | undefined {
    this.#expire()
    return this.#entries.get(jobId)
  }

  /** Throws JOB_UNKNOWN, or BROKER_UNAVAILABLE where this gateway can't know yet. */
  get(jobId: string): Job {
    const change = this.latest(jobId)
    if (change !== undefined) return change.job
    this.requireReady()
    throw new AppError('JOB_UNKNOWN', `No job has the id ${jobId}, or it is older than 7 days.`)
  }

  requireReady(): void {
    if (this.isReady) return
    const detail = 'This gateway has not read the log of jobs yet. Try again.'
    throw new AppError('BROKER_UNAVAILABLE', detail, { retryAfterSeconds: 1 })
  }

  /** Newest first. The token of a page is the offset of its last job's request, so that it means the same on every replica. */
  list(pageSize: number, pageToken: string, state?: JobState): JobsPage {
    this.#expire()
    const before = pageToken === '' ? Number.POSITIVE_INFINITY : parsePageToken(pageToken)
    const found = [...this.#entries.values()]
      .reverse()
      .filter((entry) => entry.requestedOffset < before && (state === undefined || entry.job.state === state))
    const page = found.slice(0, pageSize)
    const last = page.at(-1)
    const jobs = page.map((entry) => entry.job)
    return found.length > pageSize && last ? { jobs, nextPageToken: String(last.requestedOffset) } : { jobs }
  }

  /** The newest change of each of the jobs that changed last, in the order of the stream. */
  latestChanges(limit: number): JobChange[] {
    this.#expire()
    return [...this.#entries.values()].sort((a, b) => a.offset - b.offset).slice(-limit)
  }

  /** Waits until the view has read so much that the condition holds; false where it doesn't within the time. */
  async waitUntil(holds: () => boolean, withinMs: number): Promise<boolean> {
    if (holds()) return true
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const check = () => {
      if (holds()) resolve(true)
    }
    const timer = setTimeout(resolve, withinMs, false)
    this.#waiters.add(check)
    const hasCome = await promise
    this.#waiters.delete(check)
    clearTimeout(timer)
    return hasCome
  }

  subscribe(listeners: Listeners): () => void {
    this.#listeners.add(listeners)
    return () => this.#listeners.delete(listeners)
  }

  #read(message: LogMessage): void {
    const fact = this.#decode(message)
    this.#lastOffset = message.offset
    try {
      if (fact !== undefined) this.#apply(fact, message.offset)
    } finally {
      this.#hasCaughtUp ||= this.#log.isCaughtUp
      notifyAll(this.#waiters, (check) => check())
    }
  }

  #apply(fact: Fact, offset: number): void {
    const entry = this.#entries.get(fact.jobId)
    const early = entry === undefined ? this.#early.get(fact.jobId) : undefined
    const job = [fact, ...(early ?? [])].reduce<Job | undefined>(foldFact, entry?.job)
    if (job === undefined) this.#keepEarly(fact)
    if (job === undefined || job === entry?.job) return
    this.#early.delete(fact.jobId)
    const change = {
      offset,
      fact: early?.at(-1)?.name ?? fact.name,
      job,
      requestedOffset: entry?.requestedOffset ?? offset,
    }
    this.#entries.set(job.jobId, change)
    if (this.#entries.size > capacity) this.#dropOldest()
    notifyAll(this.#listeners, ({ onChange }) => onChange(change))
  }

  #keepEarly(fact: Fact): void {
    const facts = [...(this.#early.get(fact.jobId) ?? []), fact]
    this.#early.set(fact.jobId, facts.slice(-earlyFacts))
    const [oldest] = this.#early.keys()
    if (this.#early.size > earlyJobs && oldest !== undefined) this.#early.delete(oldest)
  }

  #decode({ type, body, offset, messageId }: LogMessage): Fact | undefined {
    try {
      return decodeFact(type, body)
    } catch (error) {
      this.#logger.warn({ err: error, type, offset, messageId }, 'job fact undecodable')
      return undefined
    }
  }

  #restart(): void {
    this.#entries.clear()
    this.#early.clear()
    this.#lastOffset = null
    this.#hasCaughtUp = false
    notifyAll(this.#listeners, ({ onRestart }) => onRestart())
  }

  #expire(): void {
    const horizon = new Date(Date.now() - windowMs).toISOString()
    for (const entry of this.#entries.values()) {
      if (entry.job.createdAt >= horizon) return
      this.#entries.delete(entry.job.jobId)
    }
  }

  #dropOldest(): void {
    const oldest = this.#entries.keys().next()
    if (!oldest.done) this.#entries.delete(oldest.value)
  }
}

function parsePageToken(pageToken: string): number {
  if (/^\d{1,15}$/.test(pageToken)) return Number(pageToken)
  throw new AppError('PAGE_TOKEN_INVALID', 'The page token is not one that this list gave out. Start without one.')
}

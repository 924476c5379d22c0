// The jobs that this gateway knows: a bounded fold of the stream `job-events`. Every replica builds it from the stream alone.
import type { FastifyBaseLogger } from 'fastify'
import type { LogHandlers, LogMessage, LogReader } from '../../clients/broker/broker.ts'
import { notifyAll } from '../../clients/listeners.ts'
import { AppError } from '../../errors.ts'
import { decodeFact, type Fact, type FactName, foldFact } from './fold.ts'
import type { Job, JobState } from './schemas.ts'

/** Newest jobs that are kept. Older jobs are unknown. */
const capacity = 10_000
/** The view keeps facts that stand before their job's request: of 100 jobs, 10 facts each. */
const earlyJobs = 100
const earlyFacts = 10
/** Stream, queue and ledger keep a job for the same time. After it the job is unknown. */
const windowMs = 7 * 24 * 3600 * 1000

/** A job after a fact, and the offset of that fact in the stream. */
export type JobChange = { offset: number; fact: FactName; job: Job }
type Entry = JobChange & { requestedOffset: number }
type Listeners = { onChange: (change: JobChange) => void; onRestart?: () => void }
type JobsPage = { jobs: Job[]; nextPageToken?: string }

export class JobsView {
  readonly #log: Pick<LogReader, 'isCaughtUp' | 'hasReadToEnd'>
  readonly #logger: FastifyBaseLogger
  /** In the order of the jobs' requests. */
  readonly #entries = new Map<string, Entry>()
  /** A worker may receive a job from the queue and publish that it starts, before the stream has the request. */
  readonly #early = new Map<string, Fact[]>()
  readonly #listeners = new Set<Listeners>()
  readonly #waiters = new Set<() => void>()
  #lastOffset: number | null = null
  #hasCaughtUp = false

  /** Reads the stream `job-events`. */
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

  /** Whether this gateway has read everything that the stream held at the start. It stays true while the broker is away. */
  get isReady(): boolean {
    this.#hasCaughtUp ||= this.#log.isCaughtUp
    return this.#hasCaughtUp
  }

  /** Ask the broker whether this gateway has read the whole stream. */
  hasReadToEnd(): Promise<boolean> {
    return this.#log.hasReadToEnd()
  }

  /** Return the newest change of a job; undefined if the job is unknown or older than 7 days. */
  latest(jobId: string): JobChange | undefined {
    this.#expire()
    return this.#entries.get(jobId)
  }

  /** Throws JOB_UNKNOWN, or BROKER_UNAVAILABLE while this gateway hasn't read the stream. */
  get(jobId: string): Job {
    const change = this.latest(jobId)
    if (change !== undefined) return change.job
    this.requireReady()
    throw new AppError('JOB_UNKNOWN', `No job has the id ${jobId}, or it is older than 7 days.`)
  }

  requireReady(): void {
    if (this.isReady) return
    const detail = 'This gateway has not read the log of jobs yet. Try again.'
    throw new AppError('BROKER_UNAVAILABLE', detail)
  }

  /** List the jobs, newest first. A page token is the offset of a job's request, so it is valid on every replica. */
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

  /** Return the newest change of each job, for the jobs that changed last, in the order of the stream. */
  latestChanges(limit: number): JobChange[] {
    this.#expire()
    return [...this.#entries.values()].sort((a, b) => a.offset - b.offset).slice(-limit)
  }

  /** Wait until the condition holds; it is checked after each message. Resolves with false after `withinMs`. */
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
    notifyAll(this.#listeners, ({ onRestart }) => onRestart?.())
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
  throw new AppError(
    'PAGE_TOKEN_INVALID',
    `The page token ${pageToken.slice(0, 100)} is not from this list. Ask for the first page without a token.`,
  )
}

// Coalesces requests into batches: all requests of one tick, and all that arrive while calls are in flight, leave with the next call.
// It uses no timer, so an idle system adds no wait. It also refuses a request whose expected wait is too long (load shedding: docs/adr/0009).
import { AppError } from '../../errors.ts'

const maxInFlight = 4
const maxBatch = 256
/** As many as all calls in flight can hold. This limit also holds while the latency is unknown. */
const maxWaiting = maxInFlight * maxBatch
/** The share of the time left that an answer may be expected to take. A gateway that is busy with refusing needs the rest. */
const admittedShare = 0.25
/** The share of the time left within which some call must have started or come back. */
const silentShare = 0.75

/** One instance for all refusals: capturing a stack costs more than the rest of a refusal. */
const noAnswer = new AppError('RECOMMENDER_UNAVAILABLE')
const abandoned = new AppError('DEADLINE_EXCEEDED', 'The client closed its connection before its request was sent on.')
const overloaded = new AppError('RECOMMENDER_OVERLOADED')

type Entry<Request, Answer> = {
  request: Request
  expiresAt: number
  resolve: (answer: Answer) => void
  reject: (error: unknown) => void
}

/** Call the recommender for many requests. Returns one promise for each request, in their order. */
export type CallBatch<Request, Answer> = (requests: Request[], expiresAt: number) => Promise<Promise<Answer>[]>

/**
 * Return a function that puts one request into a batch and resolves with its answer. A request in the queue is dropped if `isAbandoned` says that no
 * client waits for its answer.
 */
export function createCoalescer<Request, Answer>(
  callBatch: CallBatch<Request, Answer>,
  isAbandoned: (request: Request) => boolean = () => false,
) {
  const waiting: Entry<Request, Answer>[] = []
  const latency = createLatencyAverage()
  let inFlight = 0
  let requestsInFlight = 0
  /** When the last call started. */
  let lastStartedAt = 0
  let isPlanned = false

  async function send(batch: Entry<Request, Answer>[]) {
    const startedAt = performance.now()
    let isAnswered = false
    inFlight += 1
    requestsInFlight += batch.length
    lastStartedAt = startedAt
    try {
      const expiresAt = Math.max(...batch.map((entry) => entry.expiresAt))
      const requests = batch.map((entry) => entry.request)
      const answers = await callBatch(requests, expiresAt)
      isAnswered = true
      batch.forEach((entry, index) => {
        const answer = answers[index] ?? Promise.reject(new AppError('UPSTREAM_FAILED', 'The batch came back short.'))
        answer.then(entry.resolve, entry.reject)
      })
    } catch (error) {
      for (const entry of batch) entry.reject(error)
    } finally {
      inFlight -= 1
      requestsInFlight -= batch.length
      latency.add(startedAt, batch.length, isAnswered)
      planSending()
    }
  }

  /** Defer to `setImmediate`, so that requests of the same tick join one batch. Otherwise the first of them would leave alone. */
  function planSending() {
    if (isPlanned || inFlight >= maxInFlight || waiting.length === 0) return
    isPlanned = true
    setImmediate(sendWaiting)
  }

  function sendWaiting() {
    isPlanned = false
    while (inFlight < maxInFlight && waiting.length > 0) {
      const now = performance.now()
      const live = waiting.splice(0, maxBatch).filter((entry) => entry.expiresAt > now && isWanted(entry))
      if (live.length > 0) void send(live)
    }
  }

  function isWanted({ request, reject }: Entry<Request, Answer>): boolean {
    if (!isAbandoned(request)) return true
    reject(abandoned)
    return false
  }

  /** Throw if the request fits in no free call and would wait too long: it would only delay the others. */
  function admit(timeLeftMs: number) {
    if (waiting.length < (maxInFlight - inFlight) * maxBatch) return
    if (inFlight === maxInFlight && performance.now() - lastStartedAt > silentShare * timeLeftMs) throw noAnswer
    const expectedMs = (requestsInFlight + waiting.length) * latency.msPerRequest
    if (waiting.length >= maxWaiting || expectedMs > admittedShare * timeLeftMs) throw overloaded
  }

  /** Reject with DEADLINE_EXCEEDED at `expiresAt`, whether the request still waits or its call is in flight. */
  return async function enqueue(request: Request, expiresAt: number): Promise<Answer> {
    const timeLeftMs = expiresAt - performance.now()
    admit(timeLeftMs)
    return new Promise((resolve, reject) => {
      const late = () => {
        // A timer counts whole milliseconds from the start of its tick, so it may fire before `expiresAt`. Zero keeps the request out of any batch.
        entry.expiresAt = 0
        reject(new AppError('DEADLINE_EXCEEDED'))
      }
      const timer = setTimeout(late, timeLeftMs)
      const settled =
        <T>(settle: (value: T) => void) =>
        (value: T) => {
          clearTimeout(timer)
          settle(value)
        }
      const entry = { request, expiresAt, resolve: settled(resolve), reject: settled(reject) }
      waiting.push(entry)
      planSending()
    })
  }
}

/** The weight that all earlier calls together keep when a call is added. */
const decay = 0.7
/** A smaller batch counts as this many requests, because it takes hardly less time. */
const fewestRequests = 16

/** A weighted average of the time per request in batches. It estimates the wait of a request before it waits. */
function createLatencyAverage() {
  let totalMs = 0
  let totalRequests = 1
  let endedAt = Number.NEGATIVE_INFINITY

  return {
    /** Measured from one answer to the next, so that calls in parallel don't count twice. Zero before the first answer. */
    get msPerRequest() {
      return totalMs / totalRequests
    },
    /** Add a call that has ended. A failed call only moves the time from which the next one counts. */
    add(startedAt: number, requests: number, isAnswered: boolean) {
      const now = performance.now()
      if (isAnswered) {
        totalMs = decay * totalMs + now - Math.max(startedAt, endedAt)
        totalRequests = decay * totalRequests + Math.max(requests, fewestRequests)
      }
      endedAt = now
    },
  }
}

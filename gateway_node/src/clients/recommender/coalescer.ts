// Gathers what is asked in one turn of the event loop, or while calls are in flight, into the next call. Without a timer: an idle system adds no wait.
import { AppError } from '../../errors.ts'
import { createPace } from './pace.ts'

const maxInFlight = 4
const maxBatch = 256
/** As many as can be in flight: also while nothing is known of the recommender's pace. */
const maxWaiting = maxInFlight * maxBatch
/** The part of the time left that an answer may be expected to take. The rest is for a gateway that is busy with refusing: docs/adr/0009. */
const admittedPart = 0.25
/** The part of the time left in which something must have come back. */
const silentPart = 0.75

/** Made once: to capture a stack costs more than the rest of a refusal. */
const noAnswer = new AppError('RECOMMENDER_UNAVAILABLE', 'No recommender answers. Try again.', { retryAfterSeconds: 1 })
const abandoned = new AppError('DEADLINE_EXCEEDED', 'Whoever asked has left.')
const overloaded = new AppError('RECOMMENDER_OVERLOADED', 'Too much waits for the recommender. Try again.', {
  retryAfterSeconds: 1,
})

type Entry<Request, Answer> = {
  request: Request
  expiresAt: number
  resolve: (answer: Answer) => void
  reject: (error: unknown) => void
}

/** Asks for many at once; one promise for each request, in their order. */
export type AskBatch<Request, Answer> = (requests: Request[], expiresAt: number) => Promise<Promise<Answer>[]>

/** What nobody waits for any more, by `isAbandoned`, is given up instead of being asked. */
export function createCoalescer<Request, Answer>(
  askBatch: AskBatch<Request, Answer>,
  isAbandoned: (request: Request) => boolean = () => false,
) {
  const waiting: Entry<Request, Answer>[] = []
  const pace = createPace()
  let inFlight = 0
  let requestsInFlight = 0
  let movedAt = 0
  let isPlanned = false

  async function send(batch: Entry<Request, Answer>[]) {
    const startedAt = performance.now()
    let isAnswered = false
    inFlight += 1
    requestsInFlight += batch.length
    movedAt = startedAt
    try {
      const expiresAt = Math.max(...batch.map((entry) => entry.expiresAt))
      const requests = batch.map((entry) => entry.request)
      const answers = await askBatch(requests, expiresAt)
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
      pace.end(startedAt, batch.length, isAnswered)
      planSending()
    }
  }

  /** Once all that has arrived by now is read: else the first of many that arrive together would go alone. */
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

  /** Refuses at once what fits in no free call and would wait too long: who waits in vain only makes the others late. */
  function admit(timeLeftMs: number) {
    if (waiting.length < (maxInFlight - inFlight) * maxBatch) return
    if (inFlight === maxInFlight && performance.now() - movedAt > silentPart * timeLeftMs) throw noAnswer
    const expectedMs = (requestsInFlight + waiting.length) * pace.msPerRequest
    if (waiting.length >= maxWaiting || expectedMs > admittedPart * timeLeftMs) throw overloaded
  }

  /** Rejects when the request expires, wherever it is by then. */
  return async function ask(request: Request, expiresAt: number): Promise<Answer> {
    const timeLeftMs = expiresAt - performance.now()
    admit(timeLeftMs)
    return new Promise((resolve, reject) => {
      const late = () => {
        // A timer counts whole milliseconds from the turn's beginning: by the clock there may be time left.
        entry.expiresAt = 0
        reject(new AppError('DEADLINE_EXCEEDED', 'The recommender did not answer in time. Try again.'))
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

// Gathers what is asked while calls are in flight into the next call. Without a timer: an idle system adds no wait.
import { AppError } from '../errors.ts'

const maxInFlight = 4
const maxBatch = 256
/** What four full batches can't catch up with within a deadline. */
const maxWaiting = 10_000

type Entry<Request, Answer> = {
  request: Request
  expiresAt: number
  resolve: (answer: Answer) => void
  reject: (error: unknown) => void
}

/** Asks for many at once; one promise for each request, in their order. */
export type AskBatch<Request, Answer> = (requests: Request[], deadlineMs: number) => Promise<Promise<Answer>[]>

export function createCoalescer<Request, Answer>(askBatch: AskBatch<Request, Answer>) {
  const waiting: Entry<Request, Answer>[] = []
  let inFlight = 0

  async function send(batch: Entry<Request, Answer>[]) {
    inFlight += 1
    try {
      const deadlineMs = Math.max(...batch.map((entry) => entry.expiresAt)) - performance.now()
      const answers = await askBatch(
        batch.map((entry) => entry.request),
        Math.max(1, Math.ceil(deadlineMs)),
      )
      batch.forEach((entry, index) => {
        const answer = answers[index] ?? Promise.reject(new AppError('UPSTREAM_FAILED', 'The batch came back short.'))
        answer.then(entry.resolve, entry.reject)
      })
    } catch (error) {
      for (const entry of batch) entry.reject(error)
    } finally {
      inFlight -= 1
      sendWaiting()
    }
  }

  function sendWaiting() {
    while (inFlight < maxInFlight && waiting.length > 0) {
      const now = performance.now()
      const batch = waiting.splice(0, maxBatch)
      const live = batch.filter((entry) => entry.expiresAt > now)
      if (live.length > 0) void send(live)
    }
  }

  /** Rejects at the deadline, wherever the request is by then. */
  return async function ask(request: Request, deadlineMs: number): Promise<Answer> {
    if (waiting.length >= maxWaiting)
      throw new AppError('RECOMMENDER_OVERLOADED', 'Too much waits for the recommender. Try again.', {
        retryAfterSeconds: 1,
      })
    return new Promise((resolve, reject) => {
      const late = () => reject(new AppError('DEADLINE_EXCEEDED', 'The recommender did not answer in time. Try again.'))
      const timer = setTimeout(late, deadlineMs)
      const settled =
        <T>(settle: (value: T) => void) =>
        (value: T) => {
          clearTimeout(timer)
          settle(value)
        }
      const expiresAt = performance.now() + deadlineMs
      waiting.push({ request, expiresAt, resolve: settled(resolve), reject: settled(reject) })
      sendWaiting()
    })
  }
}

// Shares one call between equal requests that run at the same time (single flight). Each caller keeps its own deadline.
// By hand, because `fetch` of lru-cache keeps only the first caller's signal and context: a caller that joins can neither leave nor be counted.
import { AppError, type Reason } from '../../errors.ts'

/** A running call. `expiresAt` is the deadline of the caller that started it, on the clock of `performance.now()`. */
type Flight<Caller, Answer> = { callers: Caller[]; expiresAt: number; answer: Promise<Answer> }

/** Start the call. `callers` holds all callers that wait for its answer, and grows while the call runs. */
type Start<Caller, Answer> = (callers: Caller[]) => Promise<Answer>

/** The reasons with which a call ends at the deadline of the caller that started it. */
const lateReasons: ReadonlySet<Reason> = new Set(['DEADLINE_EXCEEDED', 'OFFSET_NOT_REACHED'])

export function createSingleFlight<Caller extends { expiresAt: number }, Answer>() {
  const flights = new Map<string, Map<string, Flight<Caller, Answer>>>()

  function land(group: string, key: string, callers: Caller[]) {
    const inGroup = flights.get(group)
    if (inGroup?.get(key)?.callers !== callers) return
    inGroup.delete(key)
    if (inGroup.size === 0) flights.delete(group)
  }

  function run(group: string, key: string, caller: Caller, start: Start<Caller, Answer>): Promise<Answer> {
    const inGroup = flights.get(group) ?? new Map<string, Flight<Caller, Answer>>()
    const running = inGroup.get(key)
    if (running) return join(running, caller, () => run(group, key, caller, start))
    const callers = [caller]
    const answer = start(callers).finally(() => land(group, key, callers))
    flights.set(group, inGroup.set(key, { callers, expiresAt: caller.expiresAt, answer }))
    return answer
  }

  return {
    run,
    /** Let no other caller join the running calls of a group, because the data behind their answers has changed. */
    forget: (group: string) => flights.delete(group),
  }
}

/** Wait for a call that another caller started. Start a new one if that caller's deadline ended it and this caller has time left. */
async function join<Caller extends { expiresAt: number }, Answer>(
  flight: Flight<Caller, Answer>,
  caller: Caller,
  retry: () => Promise<Answer>,
): Promise<Answer> {
  flight.callers.push(caller)
  try {
    return await (caller.expiresAt < flight.expiresAt ? within(caller.expiresAt, flight.answer) : flight.answer)
  } catch (error) {
    const isLate = error instanceof AppError && lateReasons.has(error.reason)
    if (isLate && caller.expiresAt > performance.now()) return retry()
    throw error
  }
}

/** Wait for the answer, but reject with DEADLINE_EXCEEDED at `expiresAt`. */
async function within<Answer>(expiresAt: number, answer: Promise<Answer>): Promise<Answer> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const error = new AppError('DEADLINE_EXCEEDED')
  const timer = setTimeout(reject, expiresAt - performance.now(), error)
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}

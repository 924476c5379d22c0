// The circuit breaker: after five calls without an answer it rejects calls at once, so that callers get their fallback without waiting for a deadline.
import { BrokenCircuitError, CircuitState, ConsecutiveBreaker, circuitBreaker, handleWhen } from 'cockatiel'
import { AppError, type Reason } from '../../errors.ts'
import type { RecommenderState } from './recommender.ts'

const failuresToOpen = 5
const halfOpenAfterMs = 1000

/** The reasons that mean that no recommender answered. Every other error is an answer, and doesn't count as a failure. */
const unansweredReasons: ReadonlySet<Reason> = new Set(['RECOMMENDER_UNAVAILABLE', 'DEADLINE_EXCEEDED'])

export function isUnanswered(error: unknown): error is AppError {
  return error instanceof AppError && unansweredReasons.has(error.reason)
}

export type Breaker = ReturnType<typeof createBreaker>

export function createBreaker() {
  const policy = circuitBreaker(handleWhen(isUnanswered), {
    halfOpenAfter: halfOpenAfterMs,
    breaker: new ConsecutiveBreaker(failuresToOpen),
  })
  return {
    async run<T>(call: () => Promise<T>): Promise<T> {
      try {
        return await policy.execute(call)
      } catch (error) {
        if (!(error instanceof BrokenCircuitError)) throw error
        throw new AppError('RECOMMENDER_UNAVAILABLE', undefined, { cause: error })
      }
    },
    get state(): RecommenderState['breaker'] {
      if (policy.state === CircuitState.Closed) return 'closed'
      return policy.state === CircuitState.HalfOpen ? 'half-open' : 'open'
    },
  }
}

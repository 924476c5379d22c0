// Stops asking a recommender that doesn't answer, so that callers get their fallback at once instead of after a deadline.
import { BrokenCircuitError, CircuitState, ConsecutiveBreaker, circuitBreaker, handleWhen } from 'cockatiel'
import { AppError, type Reason } from '../../errors.ts'
import type { RecommenderState } from './recommender.ts'

const failuresToOpen = 5
const halfOpenAfterMs = 1000

/** Reasons that mean nobody answered. The others are answers. */
const silences: ReadonlySet<Reason> = new Set(['RECOMMENDER_UNAVAILABLE', 'DEADLINE_EXCEEDED'])

export function isSilence(error: unknown): error is AppError {
  return error instanceof AppError && silences.has(error.reason)
}

export type Breaker = ReturnType<typeof createBreaker>

export function createBreaker() {
  const policy = circuitBreaker(handleWhen(isSilence), {
    halfOpenAfter: halfOpenAfterMs,
    breaker: new ConsecutiveBreaker(failuresToOpen),
  })
  return {
    async run<T>(ask: () => Promise<T>): Promise<T> {
      try {
        return await policy.execute(ask)
      } catch (error) {
        if (!(error instanceof BrokenCircuitError)) throw error
        const detail = 'No recommender answers. Try again.'
        throw new AppError('RECOMMENDER_UNAVAILABLE', detail, { cause: error, retryAfterSeconds: 1 })
      }
    },
    get state(): RecommenderState['breaker'] {
      if (policy.state === CircuitState.Closed) return 'closed'
      return policy.state === CircuitState.HalfOpen ? 'half-open' : 'open'
    },
  }
}

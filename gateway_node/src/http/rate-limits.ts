// Limits the requests per minute of each address and of each identity, by @fastify/rate-limit. Each gateway counts in its own memory.
import rateLimit, { type CreateRateLimitOptions } from '@fastify/rate-limit'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { AppError } from '../errors.ts'
import { keyOf } from './access.ts'

const timeWindow = 60_000
/** How many addresses, and how many identities, a gateway remembers. It forgets the one whose last request is oldest. */
const cache = 5000

export type CountRequest = (request: FastifyRequest) => Promise<void>

/** Return two functions that count a request, and throw RATE_EXCEEDED if it is one too many. An IPv6 network (/64) counts as one address. */
export async function createRateLimits(
  app: FastifyInstance,
): Promise<{ address: CountRequest; identity: CountRequest }> {
  const { addressRequestsPerMinute, identityRequestsPerMinute } = app.config.limits
  await app.register(rateLimit, { global: false, timeWindow, cache })
  return {
    address: createLimit(app, 'address', { max: addressRequestsPerMinute }),
    identity: createLimit(app, 'identity', {
      max: identityRequestsPerMinute,
      keyGenerator: ({ identity }) => (identity ? keyOf(identity) : ''),
    }),
  }
}

function createLimit(app: FastifyInstance, whose: string, options: CreateRateLimitOptions): CountRequest {
  const count = app.createRateLimit(options)
  return async (request) => {
    const counted = await count(request)
    if (counted.isAllowed || !counted.isExceeded) return
    const { max, ttlInSeconds: retryAfterSeconds } = counted
    const detail = `More than ${max} requests came from this ${whose} within a minute. Wait ${retryAfterSeconds} s.`
    throw new AppError('RATE_EXCEEDED', detail, { retryAfterSeconds })
  }
}

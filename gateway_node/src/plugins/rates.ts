// How often an address and an identity may ask this gateway, each in a window of a minute.
import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { keyOf } from '../access.ts'
import { AppError } from '../errors.ts'
import type { Identity } from '../identity/identity.ts'

const timeWindow = 60_000
type RequireRoom = (request: FastifyRequest) => Promise<void>

/** The address comes first: whoever tries tokens has none yet. */
export async function createRates(app: FastifyInstance): Promise<{ address: RequireRoom; identity: RequireRoom }> {
  const { addressRequestsPerMinute, identityRequestsPerMinute } = app.config.limits
  await app.register(rateLimit, { global: false })
  const keyGenerator = (request: FastifyRequest) => keyOf(request.identity as Identity)
  const countAddress = app.createRateLimit({ max: addressRequestsPerMinute, timeWindow })
  const countIdentity = app.createRateLimit({ max: identityRequestsPerMinute, timeWindow, keyGenerator })
  return {
    address: async (request) => requireRoom('address', await countAddress(request)),
    identity: async (request) => requireRoom('identity', await countIdentity(request)),
  }
}

function requireRoom(whose: string, count: Awaited<ReturnType<ReturnType<FastifyInstance['createRateLimit']>>>): void {
  if (count.isAllowed || !count.isExceeded) return
  const { max, ttlInSeconds: retryAfterSeconds } = count
  const detail = `More than ${max} requests came from this ${whose} within a minute. Wait ${retryAfterSeconds} s.`
  throw new AppError('RATE_EXCEEDED', detail, { retryAfterSeconds })
}

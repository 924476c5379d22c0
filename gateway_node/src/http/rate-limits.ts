// How often an address and an identity may ask this gateway, each in a window of a minute.
import { normalizeIP } from '@fastify/rate-limit'
import { LRUCache } from 'lru-cache'
import type { Identity } from '../clients/identity-provider/identity.ts'
import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import { keyOf } from './access.ts'

const windowMs = 60_000
/** Who asked least recently is forgotten, and begins anew. */
const remembered = 5000

/** Each counts, and throws RATE_EXCEEDED. The address comes first: whoever tries tokens has no identity yet. */
export function createRates({ addressRequestsPerMinute, identityRequestsPerMinute }: Config['limits']) {
  const countAddress = createCount('address', addressRequestsPerMinute)
  const countIdentity = createCount('identity', identityRequestsPerMinute)
  return {
    address: (ip: string) => countAddress(normalizeIP(ip)),
    identity: (identity: Identity) => countIdentity(keyOf(identity)),
  }
}

function createCount(whose: string, max: number) {
  const windows = new LRUCache<string, { requests: number; endsAt: number }>({ max: remembered })
  return (key: string): void => {
    const now = Date.now()
    const known = windows.get(key)
    const window = known && known.endsAt > now ? known : { requests: 0, endsAt: now + windowMs }
    if (window !== known) windows.set(key, window)
    window.requests += 1
    if (window.requests <= max) return
    const retryAfterSeconds = Math.ceil((window.endsAt - now) / 1000)
    const detail = `More than ${max} requests came from this ${whose} within a minute. Wait ${retryAfterSeconds} s.`
    throw new AppError('RATE_EXCEEDED', detail, { retryAfterSeconds })
  }
}

// Limits the requests per minute of each address and of each identity. Each gateway counts in its own memory.
import { normalizeIP } from '@fastify/rate-limit'
import { LRUCache } from 'lru-cache'
import type { Identity } from '../clients/identity-provider/identity.ts'
import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import { keyOf } from './access.ts'

const windowMs = 60_000
/** How many addresses, and how many identities, a gateway remembers. It forgets the one whose last request is oldest. */
const remembered = 5000

/** Return two functions that count a request, and throw RATE_EXCEEDED if it is one too many. An IPv6 network (/64) counts as one address. */
export function createRateLimits({ addressRequestsPerMinute, identityRequestsPerMinute }: Config['limits']) {
  const countAddress = createLimit('address', addressRequestsPerMinute)
  const countIdentity = createLimit('identity', identityRequestsPerMinute)
  return {
    address: (ip: string) => countAddress(normalizeIP(ip)),
    identity: (identity: Identity) => countIdentity(keyOf(identity)),
  }
}

/** By hand, because @fastify/rate-limit counts by promises, which make the hook of every request asynchronous: see benchmarks/NOTES.md. */
function createLimit(whose: string, max: number) {
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

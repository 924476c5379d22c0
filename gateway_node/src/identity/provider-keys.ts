// The public keys of an OpenID provider, fetched from its JWKS URL when they are needed, and again when they are old or a token names one that is unknown.
import { createLocalJWKSet, createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey } from 'jose'
import { AppError } from '../errors.ts'

const timeoutMs = 3000
/** Between two fetches for keys that are unknown; between a fetch that failed and the next. */
const cooldownMs = 30_000
const failureCooldownMs = 1000
const freshMs = 10 * 60_000
/** For as long old keys go on while the provider doesn't answer. */
const staleMs = 24 * 60 * 60_000

export type ProviderKeysOptions = { cooldownMs?: number; freshMs?: number }

export function createProviderKeys(url: URL, options: ProviderKeysOptions = {}): JWTVerifyGetKey {
  const { fetchGently, isUsable } = createFetch()
  const remote = createRemoteJWKSet(url, {
    timeoutDuration: timeoutMs,
    cooldownDuration: options.cooldownMs ?? cooldownMs,
    cacheMaxAge: options.freshMs ?? freshMs,
    [customFetch]: fetchGently,
  })
  return async (header, token) => {
    try {
      return await remote(header, token)
    } catch (error) {
      if (isTokensFault(error)) throw error
      const known = remote.jwks()
      if (known === undefined || !isUsable()) throw toUnavailable(error)
      return createLocalJWKSet(known)(header, token).catch(() => {
        throw toUnavailable(error)
      })
    }
  }
}

/** Without it, each token that names an unknown key would ask a provider that is in trouble already. */
function createFetch() {
  let fetchedAt = Number.NEGATIVE_INFINITY
  let failedAt = Number.NEGATIVE_INFINITY
  async function fetchGently(url: string, options: RequestInit): Promise<Response> {
    if (performance.now() < failedAt + failureCooldownMs) throw new Error('It failed a moment ago.')
    try {
      const response = await fetch(url, options)
      if (!response.ok) throw new Error(`It answered ${response.status}.`)
      fetchedAt = performance.now()
      return response
    } catch (error) {
      failedAt = performance.now()
      throw error
    }
  }
  return { fetchGently, isUsable: () => performance.now() < fetchedAt + staleMs }
}

function isTokensFault(error: unknown): boolean {
  return error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys
}

function toUnavailable(cause: unknown): AppError {
  const detail = "The identity provider's keys can't be fetched, so the token can't be checked. Try again."
  return new AppError('IDENTITY_PROVIDER_UNAVAILABLE', detail, { cause })
}

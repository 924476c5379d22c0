// The public keys of an OpenID provider, fetched from its JWKS URL at the first token, and again when they are old or a token names an unknown key.
import { createLocalJWKSet, createRemoteJWKSet, customFetch, errors } from 'jose'
import { AppError } from '../../errors.ts'
import type { Keys } from './verifier.ts'

const timeoutMs = 3000
/** The shortest time between two fetches for unknown keys. */
const cooldownMs = 30_000
/** The shortest time between a failed fetch and the next. */
const failureCooldownMs = 1000
const freshMs = 10 * 60_000
/** How long old keys stay in use while the provider doesn't answer. Their tokens are verified again after each cooldown. */
const staleMs = 24 * 60 * 60_000

export type ProviderKeysOptions = { cooldownMs?: number; freshMs?: number }

export function createProviderKeys(url: URL, options: ProviderKeysOptions = {}): Keys {
  const durations = { cooldownMs, freshMs, ...options }
  const { fetchWithCooldown, isUsable, fetchedAt } = createFetch()
  const remote = createRemoteJWKSet(url, {
    timeoutDuration: timeoutMs,
    cooldownDuration: durations.cooldownMs,
    cacheMaxAge: durations.freshMs,
    [customFetch]: fetchWithCooldown,
  })
  const find: Keys['find'] = async (header, token) => {
    try {
      return await remote(header, token)
    } catch (error) {
      if (isFaultOfToken(error)) throw error
      const known = remote.jwks()
      if (known === undefined || !isUsable()) throw toUnavailable(error)
      return createLocalJWKSet(known)(header, token).catch(() => {
        throw toUnavailable(error)
      })
    }
  }
  /** Return until when a verified token stays trusted. A key from before the last fetch may be missing in the new set, so its tokens are verified again. */
  const trustedUntil = (foundAt: number): number => {
    const freshUntil = fetchedAt() + durations.freshMs
    if (foundAt < fetchedAt()) return Number.NEGATIVE_INFINITY
    return foundAt < freshUntil ? freshUntil : foundAt + durations.cooldownMs
  }
  return { find, trustedUntil }
}

/** Return a fetch that pauses after a failure. Otherwise each token with an unknown key would send a request to a provider that fails already. */
function createFetch() {
  let fetchedAt = Number.NEGATIVE_INFINITY
  let failedAt = Number.NEGATIVE_INFINITY
  async function fetchWithCooldown(url: string, options: RequestInit): Promise<Response> {
    if (Date.now() < failedAt + failureCooldownMs) throw new Error('The last fetch of the keys failed a moment ago.')
    try {
      const response = await fetch(url, options)
      if (!response.ok) throw new Error(`The identity provider answered ${response.status}.`)
      fetchedAt = Date.now()
      return response
    } catch (error) {
      failedAt = Date.now()
      throw error
    }
  }
  return { fetchWithCooldown, isUsable: () => Date.now() < fetchedAt + staleMs, fetchedAt: () => fetchedAt }
}

function isFaultOfToken(error: unknown): boolean {
  return error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys
}

function toUnavailable(cause: unknown): AppError {
  const detail = "The identity provider's keys can't be fetched, so the token can't be checked. Try again."
  return new AppError('IDENTITY_PROVIDER_UNAVAILABLE', detail, { cause })
}

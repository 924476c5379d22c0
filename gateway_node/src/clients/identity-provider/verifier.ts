// Verifies tokens: signature, pinned algorithms, issuer, audience, time. Caches valid tokens until they expire or their keys must be fetched again,
// because most requests bring a known token.
import { hash } from 'node:crypto'
import { errors, type JWTPayload, type JWTVerifyGetKey, type JWTVerifyOptions, jwtVerify } from 'jose'
import { LRUCache } from 'lru-cache'
import { AppError } from '../../errors.ts'
import { type Identity, toIdentity, type Verify } from './identity.ts'

const rememberedTokens = 10_000

export type Keys = {
  find: JWTVerifyGetKey
  /** Return until when a check is valid whose key was found at `foundAt`. Both in milliseconds since 1970. */
  trustedUntil: (foundAt: number) => number
}

export type TokenRules = {
  issuer: string
  audience: string
  /** Only asymmetric algorithms: with a symmetric one, anybody who has the public key could sign. */
  algorithms: string[]
  /** The claim that holds the role, or a list of roles. */
  roleClaim: string
  /** By how much the issuer's clock may differ from ours. */
  clockToleranceSeconds: number
  /** The longest time from now until a token's expiry. */
  maxSeconds: number
}

type Checked = { identity: Identity; foundAt: number }

export function createVerify(keys: Keys, rules: TokenRules): Verify {
  const { roleClaim, clockToleranceSeconds: clockTolerance, issuer, audience, algorithms } = rules
  const options: JWTVerifyOptions = { issuer, audience, algorithms, clockTolerance, requiredClaims: ['sub', 'exp'] }
  const remembered = new LRUCache<string, Checked>({ max: rememberedTokens })

  async function check(token: string, digest: string): Promise<Identity> {
    let foundAt = Number.NEGATIVE_INFINITY
    const findKey: JWTVerifyGetKey = async (header, signed) => {
      const key = await keys.find(header, signed)
      foundAt = Date.now()
      return key
    }
    const { payload } = await jwtVerify(token, findKey, options).catch(refuse)
    requireBoundedLife(payload, rules)
    const identity = toIdentity(payload, roleClaim, keys.trustedUntil(foundAt))
    remembered.set(digest, { identity, foundAt })
    return identity
  }

  return (token) => {
    // The cache's key is a digest, because it is short and useless to somebody who reads this memory.
    const digest = hash('sha256', token, 'base64')
    const known = remembered.get(digest)
    const now = Date.now()
    const isGood = known && known.identity.expiresAt > now && keys.trustedUntil(known.foundAt) > now
    return isGood ? known.identity : check(token, digest)
  }
}

/** Refuse a token that is valid for too long: a stolen token, or one signed by mistake, must expire soon. */
function requireBoundedLife({ exp = 0 }: JWTPayload, { maxSeconds, clockToleranceSeconds }: TokenRules): void {
  if (exp - Date.now() / 1000 <= maxSeconds + clockToleranceSeconds) return
  const detail = `The token expires more than ${maxSeconds} s from now. Use one with a shorter life.`
  throw new AppError('TOKEN_INVALID', detail)
}

/** The messages of `jose` name claims, and no token. */
function refuse(error: unknown): never {
  if (error instanceof errors.JOSEError)
    throw new AppError('TOKEN_INVALID', `The token can't be used: ${error.message}. Sign in again.`)
  throw error
}

// Checks tokens: signature, pinned algorithms, issuer, audience, time. Remembers the good ones until they expire, as checking costs and most come again.
import { hash } from 'node:crypto'
import { errors, type JWTVerifyGetKey, type JWTVerifyOptions, jwtVerify } from 'jose'
import { LRUCache } from 'lru-cache'
import { AppError } from '../errors.ts'
import { type Identity, toIdentity, type Verify } from './identity.ts'

const rememberedTokens = 10_000

export type TokenRules = {
  issuer: string
  audience: string
  /** Asymmetric ones alone: with another, who has the public key could sign. */
  algorithms: string[]
  /** The claim that holds the role, or a list of roles. */
  roleClaim: string
  /** By how much the issuer's clock may differ from ours. */
  clockToleranceSeconds: number
}

export function createVerify(findKey: JWTVerifyGetKey, rules: TokenRules): Verify {
  const { roleClaim, clockToleranceSeconds: clockTolerance, ...pinned } = rules
  const options: JWTVerifyOptions = { ...pinned, clockTolerance, requiredClaims: ['sub', 'exp'] }
  const remembered = new LRUCache<string, Identity>({ max: rememberedTokens })

  async function check(token: string, digest: string): Promise<Identity> {
    const { payload } = await jwtVerify(token, findKey, options).catch(refuse)
    const identity = toIdentity(payload, roleClaim)
    remembered.set(digest, identity)
    return identity
  }

  return (token) => {
    // A digest is short, and no use to who reads this memory.
    const digest = hash('sha256', token, 'base64')
    const known = remembered.get(digest)
    return known && known.expiresAt > Date.now() ? known : check(token, digest)
  }
}

/** The messages of `jose` name claims, and no token. */
function refuse(error: unknown): never {
  if (error instanceof errors.JOSEError)
    throw new AppError('TOKEN_INVALID', `The token can't be used: ${error.message}. Sign in again.`)
  throw error
}

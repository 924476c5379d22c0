// The identity that a token proves, and how it is read from the token's claims.
import type { JWTPayload } from 'jose'
import { Compile } from 'typebox/compile'
import { AppError } from '../../errors.ts'
import { Id } from '../ids.ts'

export type Role = 'viewer' | 'operator'

export type Identity = {
  readonly role: Role
  /** For a viewer, the user id. */
  readonly subject: string
  /** In milliseconds since 1970. */
  readonly expiresAt: number
  /** In milliseconds since 1970. Until then the signing key counts as one of the provider's. */
  readonly trustedUntil: number
}

/**
 * Verify a token. Returns the identity without a promise if the token was verified before. Rejects with TOKEN_INVALID, or with
 * IDENTITY_PROVIDER_UNAVAILABLE if the keys can't be fetched.
 */
export type Verify = (token: string) => Identity | Promise<Identity>

const userIds = Compile(Id('196'))

/** A token whose role claim is or contains `operator` is the operator's. Every other token is the viewer's whose user id is its subject. */
export function toIdentity({ sub, exp = 0, ...claims }: JWTPayload, roleClaim: string, trustedUntil: number): Identity {
  if (!userIds.Check(sub)) throw new AppError('TOKEN_INVALID', "The token's subject can't be a user id.")
  const isOperator = [claims[roleClaim]].flat().includes('operator')
  return { role: isOperator ? 'operator' : 'viewer', subject: sub, expiresAt: exp * 1000, trustedUntil }
}

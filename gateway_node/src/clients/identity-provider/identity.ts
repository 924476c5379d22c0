// Who somebody is, as far as a token proves it, and how a token's claims say so.
import type { JWTPayload } from 'jose'
import { Compile } from 'typebox/compile'
import { AppError } from '../../errors.ts'
import { Id } from '../ids.ts'

export type Role = 'viewer' | 'operator'

export type Identity = {
  readonly role: Role
  /** A viewer's is their user id. */
  readonly subject: string
  /** In milliseconds since 1970. */
  readonly expiresAt: number
  /** In milliseconds since 1970. Until then the key that signed is taken for the provider's. */
  readonly trustedUntil: number
}

/** Who showed a token lately is known at once. Rejects with TOKEN_INVALID; with IDENTITY_PROVIDER_UNAVAILABLE where it can't tell. */
export type Verify = (token: string) => Identity | Promise<Identity>

const userIds = Compile(Id('196'))

/** The operator is who has that role, alone or among others; everybody else is a viewer of their own. */
export function toIdentity({ sub, exp = 0, ...claims }: JWTPayload, roleClaim: string, trustedUntil: number): Identity {
  if (!userIds.Check(sub)) throw new AppError('TOKEN_INVALID', "The token's subject can't be a user id.")
  const isOperator = [claims[roleClaim]].flat().includes('operator')
  return { role: isOperator ? 'operator' : 'viewer', subject: sub, expiresAt: exp * 1000, trustedUntil }
}

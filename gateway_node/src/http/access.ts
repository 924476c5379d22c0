// The one rule of access, for routes and for topics. Each route and each topic names the principals that may use it.

import type { Identity } from '../clients/identity-provider/identity.ts'
import { AppError } from '../errors.ts'

/** `owner` is the viewer whose own data it is. */
export type Principal = 'anyone' | 'signed-in' | 'owner' | 'operator'
export type Access = readonly Principal[]

/** Throw unless one of the principals is this identity. `ownerId` is the user whose data it is; undefined if it is no user's data. */
export function requireAccess(access: Access, identity: Identity | undefined, ownerId?: string): void {
  if (access.includes('anyone')) return
  requireIdentity(identity)
  if (access.includes('signed-in')) return
  if (identity.role === 'operator' && access.includes('operator')) return
  if (isViewerOf(identity, ownerId) && access.includes('owner')) return
  throw new AppError('ACCESS_DENIED', `The ${identity.role} ${identity.subject} may not do this.`)
}

export function requireIdentity<Known>(identity: Known | undefined): asserts identity is Known {
  if (identity) return
  throw new AppError('TOKEN_INVALID', 'The request has no token. Send the header "Authorization: Bearer" with one.')
}

function isViewerOf({ role, subject }: Identity, ownerId: string | undefined): boolean {
  return role === 'viewer' && subject === ownerId
}

/** Return a key that no two identities share. A user may have any id, also `operator`, so the key contains the role. */
export function keyOf({ role, subject }: Identity): string {
  return `${role} ${subject}`
}

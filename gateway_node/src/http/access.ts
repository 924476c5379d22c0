// Who may do what: the one rule, for routes and for topics. Both say whom they let in where they are defined.

import type { Identity } from '../clients/identity-provider/identity.ts'
import { AppError } from '../errors.ts'

export const everybody = ['anyone', 'signed-in', 'owner', 'operator'] as const

/** `owner` is the viewer whose data it is about. */
export type Who = (typeof everybody)[number]
export type Access = readonly Who[]

/** `ownerId` is the user whose data it is about, where it is about one's. */
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
  throw new AppError('TOKEN_INVALID', 'No token came. Send the header "Authorization: Bearer" with one.')
}

function isViewerOf({ role, subject }: Identity, ownerId: string | undefined): boolean {
  return role === 'viewer' && subject === ownerId
}

/** One text for one somebody: a user may have any name, the operator's too. */
export function keyOf({ role, subject }: Identity): string {
  return `${role} ${subject}`
}

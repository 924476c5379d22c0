// That a user is to be forgotten, as the log says it.

import { UserErased } from '../../gen/whynotboth/v1/interactions.ts'
import type { LogMessage } from './broker.ts'

export const userErased = 'whynotboth.v1.UserErased'

/** Undefined for all other messages, and for one that can't be decoded: the projector keeps that. */
export function readErasure({ type, body }: Pick<LogMessage, 'type' | 'body'>): UserErased | undefined {
  if (type !== userErased) return undefined
  try {
    return UserErased.decode(body)
  } catch {
    return undefined
  }
}

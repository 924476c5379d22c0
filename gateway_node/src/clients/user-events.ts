// Reads the events of users from messages of the stream `interactions`, and keeps the offset of each user's last event.
import { LRUCache } from 'lru-cache'
import { InteractionRecorded, UserErased } from '../gen/whynotboth/v1/interactions.ts'
import type { LogMessage } from './broker/broker.ts'

const maxUsers = 10_000

export const userErased = 'whynotboth.v1.UserErased'

/** Return the erasure; undefined for every other message, and for a body that can't be decoded, which the projector keeps. */
export function readErasure({ type, body }: Pick<LogMessage, 'type' | 'body'>): UserErased | undefined {
  return type === userErased ? decode(UserErased, body) : undefined
}

/**
 * Return the user of an interaction or of an erasure: either makes the user's older answers stale. Both messages have the user in the same field,
 * so both are decoded as an interaction. Undefined for a body that can't be decoded, which concerns no user.
 */
export function readUserId(body: Uint8Array): string | undefined {
  return decode(InteractionRecorded, body)?.userId
}

function decode<Message>(codec: { decode: (body: Uint8Array) => Message }, body: Uint8Array): Message | undefined {
  try {
    return codec.decode(body)
  } catch {
    return undefined
  }
}

/** The offset of each user's last event, for the 10,000 users whose events are newest. An answer as of an earlier offset is stale. */
export function createLastChanges() {
  let forgottenUpTo = -1
  const offsets = new LRUCache<string, number>({
    max: maxUsers,
    dispose: (offset, _userId, why) => {
      if (why === 'evict') forgottenUpTo = Math.max(forgottenUpTo, offset)
    },
  })

  return {
    note: (userId: string, offset: number) => offsets.set(userId, offset),
    /** Return the offset of the user's last event; undefined if the log has none, or if it was forgotten. */
    known: (userId: string): number | undefined => offsets.peek(userId),
    /** Return an offset that is never before the user's last event: the event's own, or that of the newest forgotten one. -1 if neither exists. */
    latestPossible: (userId: string): number => offsets.peek(userId) ?? forgottenUpTo,
    /** Forget all offsets, because those of a replaced stream mean nothing. */
    clear() {
      offsets.clear()
      forgottenUpTo = -1
    },
  }
}

// Where the log last spoke of each user: an answer that knows less is stale.
import { LRUCache } from 'lru-cache'

const maxUsers = 10_000

export type LastChanges = ReturnType<typeof createLastChanges>

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
    /** Undefined for who was never spoken of, or so long ago that it is forgotten. */
    known: (userId: string): number | undefined => offsets.peek(userId),
    /** No earlier one than the true one; -1 where the log has said nothing. */
    latestPossible: (userId: string): number => offsets.peek(userId) ?? forgottenUpTo,
    /** Offsets of a log that begins anew mean nothing. */
    clear() {
      offsets.clear()
      forgottenUpTo = -1
    },
  }
}

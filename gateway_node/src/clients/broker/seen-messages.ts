// Keeps the offsets of the newest 10,000 messages of a stream by their ids, and lets callers wait for a message that hasn't arrived yet.
import { LRUCache } from 'lru-cache'

const rememberedMessages = 10_000

export function createSeenMessages() {
  const offsets = new LRUCache<string, number>({ max: rememberedMessages })
  const waiting = new Map<string, Set<(offset: number | null) => void>>()

  function settle(messageId: string, offset: number | null) {
    const resolvers = waiting.get(messageId)
    waiting.delete(messageId)
    for (const resolve of resolvers ?? []) resolve(offset)
  }

  function waitFor(messageId: string, withinMs: number): Promise<number | null> {
    const offset = offsets.get(messageId)
    if (offset !== undefined) return Promise.resolve(offset)
    return new Promise((resolve) => {
      const resolvers = waiting.get(messageId) ?? new Set()
      waiting.set(messageId, resolvers)
      const timer = setTimeout(() => finish(null), withinMs)
      const finish = (found: number | null) => {
        clearTimeout(timer)
        resolvers.delete(finish)
        if (resolvers.size === 0) waiting.delete(messageId)
        resolve(found)
      }
      resolvers.add(finish)
    })
  }

  return {
    add(messageId: string, offset: number) {
      offsets.set(messageId, offset)
      settle(messageId, offset)
    },
    forget: () => offsets.clear(),
    waitFor,
    /** Resolve all waiting callers with null. */
    close() {
      for (const messageId of [...waiting.keys()]) settle(messageId, null)
    },
  }
}

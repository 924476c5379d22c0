// The fallback while the recommender can't be reached: the user's last list, or the popular items. Every such answer is marked degraded.
import { LRUCache } from 'lru-cache'
import type { LogHandlers } from '../broker/broker.ts'
import { readErasure } from '../user-events.ts'
import type { Recommendations, RecommendRequest } from './recommender.ts'

const maxLists = 10_000

export type LastKnown = ReturnType<typeof createLastKnown>

export function createLastKnown() {
  const lists = new LRUCache<string, Recommendations>({ max: maxLists })
  /** The offset of each user's erasure. An answer as of an earlier offset may still arrive, and must not be kept. */
  const erasedAt = new LRUCache<string, number>({ max: maxLists })
  let popular: Recommendations | undefined

  const follower: LogHandlers = {
    onMessage: (message) => {
      const erasure = readErasure(message)
      if (!erasure) return
      erasedAt.set(erasure.userId, message.offset)
      lists.delete(erasure.userId)
    },
    onRestart: () => erasedAt.clear(),
  }

  return {
    follower,
    remember(answer: Recommendations) {
      if (answer.source === 'fallback') {
        if (answer.items.length >= (popular?.items.length ?? 0)) popular = answer
        return
      }
      if ((answer.asOfOffset ?? -1) >= (erasedAt.get(answer.userId) ?? -1)) lists.set(answer.userId, answer)
    },
    find({ userId, limit }: RecommendRequest): Recommendations | undefined {
      const list = lists.get(userId)
      const known = list ?? popular
      if (!known) return undefined
      const source = list ? 'cache' : 'fallback'
      return { ...known, userId, source, degraded: true, items: known.items.slice(0, limit), timings: {} }
    },
  }
}

// What was last known, for when the recommender can't be asked: a user's own list, else the popular one. Every such answer is marked degraded.
import { LRUCache } from 'lru-cache'
import type { Recommendations, RecommendRequest } from './recommender.ts'

const maxLists = 10_000

export function createLastKnown() {
  const lists = new LRUCache<string, Recommendations>({ max: maxLists })
  let popular: Recommendations | undefined

  return {
    remember(answer: Recommendations) {
      if (answer.source === 'fallback') {
        if (answer.items.length >= (popular?.items.length ?? 0)) popular = answer
        return
      }
      lists.set(answer.userId, answer)
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

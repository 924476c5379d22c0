// The answer cache: keeps answers until the log shows that something they depend on has changed. While the log isn't read, it returns nothing.
import { LRUCache } from 'lru-cache'
import type { LogHandlers, LogReader } from '../broker/broker.ts'
import { notifyAll } from '../listeners.ts'
import { createLastChanges, readUserId } from '../user-events.ts'
import type { Recommendations, RecommendRequest } from './recommender.ts'

const maxUsers = 10_000
/** Limits how long a change that the log doesn't carry, such as an import, stays unseen. */
const maxAgeMs = 60_000

export type AnswerCache = ReturnType<typeof createAnswerCache>

export function createAnswerCache(log: Pick<LogReader, 'isAttached'>, liveVersion: () => string | null) {
  /** By user, then by limit, so that one interaction drops all of a user's answers. */
  const answers = new LRUCache<string, Map<number, Recommendations>>({ max: maxUsers, ttl: maxAgeMs })
  const changes = createLastChanges()
  const changeListeners = new Set<(userId: string) => void>()

  const follower: LogHandlers = {
    onMessage: ({ offset, body }) => {
      const userId = readUserId(body)
      if (userId === undefined) return
      changes.note(userId, offset)
      answers.delete(userId)
      notifyAll(changeListeners, (listener) => listener(userId))
    },
    onDetached: () => answers.clear(),
    onRestart: () => {
      answers.clear()
      changes.clear()
    },
  }

  return {
    follower,
    /** Return the kept answer, the same object each time; undefined if there is none that is fresh. */
    get({ userId, limit, minInteractionOffset = -1 }: RecommendRequest): Recommendations | undefined {
      const answer = log.isAttached ? answers.get(userId)?.get(limit) : undefined
      if (!answer || answer.modelVersion !== liveVersion()) return undefined
      return (answer.asOfOffset ?? -1) >= minInteractionOffset ? answer : undefined
    },
    /** Keep an answer, unless the reader has passed an event of its user that the answer doesn't take into account. */
    set(limit: number, answer: Recommendations) {
      if (!log.isAttached || (answer.asOfOffset ?? -1) < changes.latestPossible(answer.userId)) return
      const byLimit = answers.get(answer.userId) ?? new Map<number, Recommendations>()
      const source = answer.source === 'fallback' ? 'fallback' : 'cache'
      answers.set(answer.userId, byLimit.set(limit, { ...answer, source, timings: {} }))
    },
    /** Call the listener with each user whose answers were dropped. */
    onChange: (listener: (userId: string) => void) => changeListeners.add(listener),
  }
}

// Keeps answers for as long as the log shows that nothing they depend on has changed. While the log isn't read it answers nothing.
import { LRUCache } from 'lru-cache'
import { InteractionRecorded } from '../../gen/whynotboth/v1/interactions.ts'
import type { Log } from '../broker/broker.ts'
import { createLastChanges } from '../broker/last-changes.ts'
import { notifyAll } from '../listeners.ts'
import type { Recommendations, RecommendRequest } from './recommender.ts'

const maxUsers = 10_000
/** Bounds how long a change that the log doesn't carry, such as an import, stays unseen. */
const maxAgeMs = 60_000

export type AnswerCache = ReturnType<typeof createAnswerCache>

export function createAnswerCache(log: Pick<Log, 'isAttached' | 'subscribe'>, liveVersion: () => string | null) {
  /** By user, then by limit, so that one interaction drops all of a user's answers. */
  const answers = new LRUCache<string, Map<number, Recommendations>>({ max: maxUsers, ttl: maxAgeMs })
  const changes = createLastChanges()
  const changeListeners = new Set<(userId: string) => void>()

  const stopReading = log.subscribe({
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
  })

  return {
    /** Gives the same object until what it depends on changes. */
    get({ userId, limit, minInteractionOffset = -1 }: RecommendRequest): Recommendations | undefined {
      const answer = log.isAttached ? answers.get(userId)?.get(limit) : undefined
      if (!answer || answer.modelVersion !== liveVersion()) return undefined
      return (answer.asOfOffset ?? -1) >= minInteractionOffset ? answer : undefined
    },
    set(limit: number, answer: Recommendations) {
      // It may have been on its way while the log spoke of its user.
      if (!log.isAttached || (answer.asOfOffset ?? -1) < changes.latestPossible(answer.userId)) return
      const byLimit = answers.get(answer.userId) ?? new Map<number, Recommendations>()
      const source = answer.source === 'fallback' ? 'fallback' : 'cache'
      answers.set(answer.userId, byLimit.set(limit, { ...answer, source, timings: {} }))
    },
    clear: () => answers.clear(),
    onChange: (listener: (userId: string) => void) => changeListeners.add(listener),
    close: stopReading,
  }
}

/** Of an interaction or an erasure, which is read as one: either makes older answers stale. */
function readUserId(body: Uint8Array): string | undefined {
  try {
    return InteractionRecorded.decode(body).userId
  } catch {
    // The projector keeps a body that can't be decoded; it concerns no user.
    return undefined
  }
}

// `users/{userId}/recommendations`: the current list, and a new list after each rating of the user and each change of the model.
import type { FastifyBaseLogger } from 'fastify'
import type { Call, Recommender } from '../../../clients/recommender/recommender.ts'
import { createLastChanges } from '../../../clients/user-events.ts'
import { toAppError } from '../../../http/problem.ts'
import { renderRecommendations } from '../../../http/recommendations-json.ts'
import { encodeError } from '../frames.ts'
import type { Hub } from '../hub.ts'
import type { Outbox } from '../outbox.ts'
import { Refresher } from '../refresher.ts'
import type { Subscription, TopicHandler, TopicKind } from '../topic.ts'

const limit = 10

export const recommendationsTopic: TopicKind = {
  names: ['users/{userId}/recommendations'],
  access: ['owner', 'operator'],
  create: ({ app, hub }) => {
    const { recommender, log: logger } = app
    const topic = new RecommendationsTopic({ hub, recommender, newCall: () => app.newCall(), logger })
    recommender.onModelVersion(() => topic.refreshAll())
    return topic
  },
}

type Parts = {
  hub: Hub
  recommender: Pick<Recommender, 'recommend'>
  newCall: () => Call
  logger: FastifyBaseLogger
}
/** Keeps one user's list current. `erasedAt`: the offset of the user's last erasure. */
type Watch = { topic: string; refresher: Refresher; erasedAt: number }

class RecommendationsTopic implements TopicHandler {
  readonly #parts: Parts
  readonly #watches = new Map<string, Watch>()
  /** Includes users without subscribers: the first list must know of every event that this gateway has read. */
  readonly #changes = createLastChanges()

  constructor(parts: Parts) {
    this.#parts = parts
  }

  async subscribe(topic: string, { outbox, lifetime }: Subscription, ids: Record<string, string>): Promise<void> {
    const { userId = '' } = ids
    const { hub } = this.#parts
    const isFirst = hub.subscribe(topic, outbox)
    lifetime.onEnd(() => this.#unsubscribe(topic, userId, outbox))
    const latest = hub.latest(topic)
    if (latest !== undefined) outbox.sendLatest(topic, latest)
    if (isFirst) this.#watch(userId, topic)
  }

  onInteraction({ userId }: { userId: string }, offset: number): void {
    this.#changes.note(userId, offset)
    this.#watches.get(userId)?.refresher.refresh()
  }

  /** Take back the list from before the erasure. */
  onErasure({ userId }: { userId: string }, offset: number): void {
    const watch = this.#watches.get(userId)
    if (watch) {
      watch.erasedAt = offset
      this.#parts.hub.takeBack(watch.topic)
    }
    this.onInteraction({ userId }, offset)
  }

  refreshAll(): void {
    for (const { refresher } of this.#watches.values()) refresher.refresh()
  }

  onInteractionsRestart(): void {
    this.#changes.clear()
    for (const watch of this.#watches.values()) watch.erasedAt = -1
    this.refreshAll()
  }

  #watch(userId: string, topic: string): void {
    const refresher = new Refresher(
      () => this.#publish(userId, topic),
      (error) => this.#sendFailure(topic, error),
    )
    this.#watches.set(userId, { topic, refresher, erasedAt: -1 })
    refresher.refresh()
  }

  #unsubscribe(topic: string, userId: string, outbox: Outbox): void {
    if (!this.#parts.hub.unsubscribe(topic, outbox)) return
    this.#watches.get(userId)?.refresher.stop()
    this.#watches.delete(userId)
  }

  /** Publish the list. Resolve with false if it is degraded or from before the erasure, so that the refresher asks again. */
  async #publish(userId: string, topic: string): Promise<boolean> {
    const { hub, recommender, newCall } = this.#parts
    const changedAt = this.#changes.known(userId)
    const request = changedAt === undefined ? { userId, limit } : { userId, limit, minInteractionOffset: changedAt }
    const answer = await recommender.recommend(request, newCall())
    const erasedAt = this.#watches.get(userId)?.erasedAt ?? -1
    // A degraded list doesn't count as the user's own: it may be shown after an erasure.
    if (!answer.degraded && (answer.asOfOffset ?? -1) < erasedAt) return false
    hub.publish(topic, answer.asOfOffset, answer, renderRecommendations)
    return !answer.degraded
  }

  #sendFailure(topic: string, thrown: unknown): void {
    const error = toAppError(thrown)
    this.#parts.logger.warn({ err: thrown, topic, reason: error.reason }, 'push failed')
    this.#parts.hub.notify(topic, encodeError(error, { topic }))
  }
}

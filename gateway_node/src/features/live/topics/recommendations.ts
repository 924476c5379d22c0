// `users/{userId}/recommendations`: the current list, and a new one whenever the user rates something or the model changes.
import type { FastifyBaseLogger } from 'fastify'
import { Compile } from 'typebox/compile'
import type { Call, Recommender } from '../../../clients/recommender/recommender.ts'
import { createLastChanges } from '../../../clients/user-events.ts'
import { toAppError } from '../../../http/problem.ts'
import { renderRecommendations } from '../../../http/recommendations-json.ts'
import { UserId } from '../../../http/schemas.ts'
import { encodeError } from '../frames.ts'
import type { Hub } from '../hub.ts'
import type { Outbox } from '../outbox.ts'
import { Refresher } from '../refresher.ts'
import type { Subscription, Topic } from '../topic.ts'

const prefix = 'users/'
const suffix = '/recommendations'
const limit = 10
const userIds = Compile(UserId)

type Parts = {
  hub: Hub
  recommender: Pick<Recommender, 'recommend'>
  newCall: () => Call
  logger: FastifyBaseLogger
}
/** What one user's watchers wait for. `erasedAt`: where the log erased the user last. */
type Watch = { topic: string; refresher: Refresher; erasedAt: number }

export class RecommendationsTopic implements Topic {
  readonly #parts: Parts
  readonly #watches = new Map<string, Watch>()
  /** Of users whom nobody watches, too: the first list must not be from before what this gateway has read. */
  readonly #changes = createLastChanges()

  constructor(parts: Parts) {
    this.#parts = parts
  }

  static matches(topic: string): boolean {
    const isAbout = topic.startsWith(prefix) && topic.endsWith(suffix)
    return isAbout && userIds.Check(topic.slice(prefix.length, -suffix.length))
  }

  static userOf(topic: string): string {
    return topic.slice(prefix.length, -suffix.length)
  }

  async subscribe(topic: string, { outbox, lifetime }: Subscription): Promise<void> {
    const { hub } = this.#parts
    const isFirst = hub.subscribe(topic, outbox)
    lifetime.onEnd(() => this.#unsubscribe(topic, outbox))
    const latest = hub.latest(topic)
    if (latest !== undefined) outbox.sendLatest(topic, latest)
    if (isFirst) this.#watch(RecommendationsTopic.userOf(topic), topic)
  }

  onInteraction(userId: string, offset: number): void {
    this.#changes.note(userId, offset)
    this.#watches.get(userId)?.refresher.refresh()
  }

  /** A list from before is shown to nobody any more. */
  onErasure(userId: string, offset: number): void {
    const watch = this.#watches.get(userId)
    if (watch) {
      watch.erasedAt = offset
      this.#parts.hub.takeBack(watch.topic)
    }
    this.onInteraction(userId, offset)
  }

  onModelChange(): void {
    for (const { refresher } of this.#watches.values()) refresher.refresh()
  }

  /** Offsets of the log that was read before mean nothing in the new one. */
  onRestart(): void {
    this.#changes.clear()
    for (const watch of this.#watches.values()) watch.erasedAt = -1
    this.onModelChange()
  }

  #watch(userId: string, topic: string): void {
    const refresher = new Refresher(
      () => this.#publish(userId, topic),
      (error) => this.#tellFailure(topic, error),
    )
    this.#watches.set(userId, { topic, refresher, erasedAt: -1 })
    refresher.refresh()
  }

  #unsubscribe(topic: string, outbox: Outbox): void {
    if (!this.#parts.hub.unsubscribe(topic, outbox)) return
    const userId = RecommendationsTopic.userOf(topic)
    this.#watches.get(userId)?.refresher.stop()
    this.#watches.delete(userId)
  }

  /** A degraded list is better than none, and not the last word. */
  async #publish(userId: string, topic: string): Promise<boolean> {
    const { hub, recommender, newCall } = this.#parts
    const changedAt = this.#changes.known(userId)
    const request = changedAt === undefined ? { userId, limit } : { userId, limit, minInteractionOffset: changedAt }
    const answer = await recommender.recommend(request, newCall())
    const erasedAt = this.#watches.get(userId)?.erasedAt ?? -1
    // What is shown when nobody can be asked is nobody's own.
    if (!answer.degraded && (answer.asOfOffset ?? -1) < erasedAt) return false
    hub.publish(topic, answer.asOfOffset, answer, renderRecommendations)
    return !answer.degraded
  }

  #tellFailure(topic: string, thrown: unknown): void {
    const error = toAppError(thrown)
    this.#parts.logger.warn({ err: thrown, topic, reason: error.reason }, 'push failed')
    this.#parts.hub.notify(topic, encodeError(error, { topic }))
  }
}

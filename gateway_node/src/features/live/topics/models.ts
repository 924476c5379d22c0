// `models`: the live model version, now and after each change.
import type { FastifyBaseLogger } from 'fastify'
import type { Call, Recommender } from '../../../clients/recommender/recommender.ts'
import { ModelPromoted } from '../../../gen/whynotboth/v1/recommender.ts'
import { toAppError } from '../../../http/problem.ts'
import { encodeError } from '../frames.ts'
import type { Hub } from '../hub.ts'
import { Refresher } from '../refresher.ts'
import type { Subscription, TopicHandler, TopicKind } from '../topic.ts'

const name = 'models'

export const modelsTopic: TopicKind = {
  names: [name],
  access: ['operator'],
  create: ({ app, hub }) => {
    const { recommender, broker, log: logger } = app
    const topic = new ModelsTopic({ hub, recommender, newCall: () => app.newCall(), logger })
    // A hint says that a version was promoted. The recommender may not have loaded it yet, and a hint may be lost.
    broker.onHint((body) => topic.follow(ModelPromoted.decode(body).version))
    recommender.onModelVersion((version) => topic.follow(version))
    return topic
  },
}

type Parts = {
  hub: Hub
  recommender: Pick<Recommender, 'getModel'>
  newCall: () => Call
  logger: FastifyBaseLogger
}

class ModelsTopic implements TopicHandler {
  readonly #parts: Parts
  #refresher: Refresher | undefined
  /** The version that was promoted last. A recommender that hasn't loaded it yet is asked again. */
  #announced: string | undefined

  constructor(parts: Parts) {
    this.#parts = parts
  }

  async subscribe(topic: string, { outbox, lifetime }: Subscription): Promise<void> {
    const { hub } = this.#parts
    const isFirst = hub.subscribe(topic, outbox)
    lifetime.onEnd(() => hub.unsubscribe(topic, outbox) && this.#unwatch())
    const latest = hub.latest(topic)
    if (latest !== undefined) outbox.sendLatest(topic, latest)
    if (isFirst) this.#watch()
  }

  follow(version: string): void {
    this.#announced = version
    this.#refresher?.refresh()
  }

  #watch(): void {
    this.#refresher = new Refresher(
      () => this.#publish(),
      (error) => this.#sendFailure(error),
    )
    this.#refresher.refresh()
  }

  #unwatch(): void {
    this.#refresher?.stop()
    this.#refresher = undefined
  }

  async #publish(): Promise<boolean> {
    const { hub, recommender, newCall } = this.#parts
    const model = await recommender.getModel('', newCall())
    hub.publish(name, null, model)
    const isAsAnnounced = this.#announced === undefined || this.#announced === model.version
    if (isAsAnnounced) this.#announced = undefined
    return isAsAnnounced
  }

  #sendFailure(thrown: unknown): void {
    const error = toAppError(thrown)
    this.#parts.logger.warn({ err: thrown, reason: error.reason }, 'live model unknown')
    this.#parts.hub.notify(name, encodeError(error, { topic: name }))
  }
}

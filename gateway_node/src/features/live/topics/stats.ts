// `stats`: the answer of GET /v1/stats, each second while a client is subscribed.
import { encodeEvent } from '../frames.ts'
import type { Hub } from '../hub.ts'
import type { Subscription, TopicHandler, TopicKind } from '../topic.ts'

const name = 'stats'
const intervalMs = 1000

export const statsTopic: TopicKind = {
  names: [name],
  access: ['signed-in'],
  create: ({ app, hub }) => new StatsTopic(hub, () => app.stats.snapshot()),
}

class StatsTopic implements TopicHandler {
  readonly #hub: Hub
  readonly #snapshot: () => unknown
  #timer: NodeJS.Timeout | undefined

  constructor(hub: Hub, snapshot: () => unknown) {
    this.#hub = hub
    this.#snapshot = snapshot
  }

  async subscribe(topic: string, { outbox, lifetime }: Subscription): Promise<void> {
    const hub = this.#hub
    outbox.sendLatest(topic, encodeEvent(topic, null, JSON.stringify(this.#snapshot())))
    if (hub.subscribe(topic, outbox)) this.#start()
    lifetime.onEnd(() => hub.unsubscribe(topic, outbox) && clearInterval(this.#timer))
  }

  #start(): void {
    this.#timer = setInterval(() => this.#hub.publish(name, null, this.#snapshot()), intervalMs)
    this.#timer.unref()
  }
}

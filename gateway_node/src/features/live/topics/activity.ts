// `activity`: that something happens, for people to watch. A sample under load, never a record.
import { Allowance } from '../allowance.ts'
import { encodeEvent } from '../frames.ts'
import type { Hub } from '../hub.ts'
import type { Subscription, Topic } from '../topic.ts'

const name = 'activity'
/** What a newcomer gets. */
const keptEvents = 50
const eventsPerSecond = 20

export type Activity = { kind: string; userId?: string; itemId?: string; jobId?: string; at: string }

export class ActivityTopic implements Topic {
  readonly #hub: Hub
  #newest: Activity[] = []
  readonly #allowance = new Allowance({ most: eventsPerSecond, perSecond: eventsPerSecond })

  constructor(hub: Hub) {
    this.#hub = hub
  }

  static matches(topic: string): boolean {
    return topic === name
  }

  async subscribe(topic: string, { outbox, lifetime }: Subscription): Promise<void> {
    this.#hub.subscribe(topic, outbox)
    lifetime.onEnd(() => this.#hub.unsubscribe(topic, outbox))
    // Two logs feed this, so the order in which events were read isn't the one in which they happened.
    const inOrder = this.#newest.toSorted((a, b) => a.at.localeCompare(b.at))
    for (const activity of inOrder) outbox.send(encodeEvent(topic, null, JSON.stringify(activity)))
  }

  /** What newcomers get holds nothing any more of what the user did. */
  forget(userId: string): void {
    this.#newest = this.#newest.filter((activity) => activity.userId !== userId)
  }

  record(activity: Activity): void {
    this.#newest.push(activity)
    if (this.#newest.length > keptEvents) this.#newest.shift()
    if (this.#hub.has(name) && this.#allowance.take()) this.#hub.publish(name, null, activity)
  }
}

// `activity`: the events of all users and jobs, for an operator to watch. Under load it is a sample; it is never a record.
import type { UserErased } from '../../../gen/whynotboth/v1/interactions.ts'
import { encodeEvent } from '../frames.ts'
import type { Hub } from '../hub.ts'
import { TokenBucket } from '../token-bucket.ts'
import type { JobChange, Subscription, TopicHandler, TopicKind } from '../topic.ts'

const name = 'activity'
/** Events that a new subscriber gets. */
const keptEvents = 50
const eventsPerSecond = 20

/** Progress comes each second, and the topics of jobs carry it. */
const quietFact = 'job.progressed'

type Activity = { kind: string; userId?: string; itemId?: string; jobId?: string; at: string }

export const activityTopic: TopicKind = {
  names: [name],
  access: ['operator'],
  create: ({ app, hub }) => {
    const topic = new ActivityTopic(hub)
    app.jobs.subscribe({ onChange: (change) => topic.addJob(change) })
    return topic
  },
}

class ActivityTopic implements TopicHandler {
  readonly #hub: Hub
  #newest: Activity[] = []
  readonly #bucket = new TokenBucket({ capacity: eventsPerSecond, perSecond: eventsPerSecond })

  constructor(hub: Hub) {
    this.#hub = hub
  }

  async subscribe(topic: string, { outbox, lifetime }: Subscription): Promise<void> {
    this.#hub.subscribe(topic, outbox)
    lifetime.onEnd(() => this.#hub.unsubscribe(topic, outbox))
    // Two streams feed this topic, so events may be read in another order than they happened in.
    const inOrder = this.#newest.toSorted((a, b) => a.at.localeCompare(b.at))
    for (const activity of inOrder) outbox.send(encodeEvent(topic, null, JSON.stringify(activity)))
  }

  onInteraction({ userId, itemId, at }: { userId: string; itemId: string; at: string }): void {
    this.#record({ kind: 'interaction.recorded', userId, itemId, at })
  }

  /** New subscribers get nothing any more of what the user did. */
  onErasure({ userId, occurredAt = new Date(0) }: UserErased): void {
    this.#newest = this.#newest.filter((activity) => activity.userId !== userId)
    this.#record({ kind: 'user.erased', userId, at: occurredAt.toISOString() })
  }

  addJob({ fact, job: { jobId, updatedAt } }: JobChange): void {
    if (fact !== quietFact) this.#record({ kind: fact, jobId, at: updatedAt })
  }

  #record(activity: Activity): void {
    this.#newest.push(activity)
    if (this.#newest.length > keptEvents) this.#newest.shift()
    if (this.#hub.has(name) && this.#bucket.take()) this.#hub.publish(name, null, activity)
  }
}

// What a topic is to a connection. Each kind of topic is a file of its own.
import type { Outbox } from './outbox.ts'
import type { Lifetime } from './subscriptions.ts'

export type Subscription = {
  outbox: Outbox
  /** The last offset that the client has; only topics that are ordered by offset heed it. */
  resume: number | undefined
  /** Ends when the client unsubscribes or is gone. */
  lifetime: Lifetime
}

export interface Topic {
  /** Sends what there is and then what comes. Resolves once what comes next will be sent; what it throws refuses the subscription. */
  subscribe(topic: string, subscription: Subscription): Promise<void>
}

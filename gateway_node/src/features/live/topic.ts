// A kind of topic is one file in `topics/` and one line in `topics.ts`. This file says what such a file exports.
import type { FastifyInstance } from 'fastify'
import type { UserErased } from '../../gen/whynotboth/v1/interactions.ts'
import type { Access } from '../../http/access.ts'
import type { Hub } from './hub.ts'
import type { Outbox } from './outbox.ts'
import type { Lifetime } from './subscriptions.ts'

export type Subscription = {
  outbox: Outbox
  /** The last offset that the client has. Only topics in the order of a stream use it. */
  resume: number | undefined
  /** Ends when the client unsubscribes or its socket closes. */
  lifetime: Lifetime
}

/** A topic that a client may subscribe to. */
export interface Topic {
  subscribe(topic: string, subscription: Subscription): Promise<void>
}

export type TopicKind = {
  /** As the reference of the socket writes them. `{…}` stands for an id. */
  names: readonly string[]
  /** The callers that may subscribe. `owner` is the user whose id stands for `{userId}`. */
  access: Access
  /** Called once. A topic that follows jobs or model versions subscribes to `app.jobs` or `app.recommender` here. */
  create: (parts: { app: FastifyInstance; hub: Hub }) => TopicHandler
}

export type JobChange = ReturnType<FastifyInstance['jobs']['latestChanges']>[number]

/** Serves all topics of one kind. Its optional methods are called for each event of the stream `interactions`. */
export interface TopicHandler {
  /** Send the current state, then every change. Resolve once later changes will be sent. An error refuses the subscription. `ids` holds the ids in the topic's name. */
  subscribe(topic: string, subscription: Subscription, ids: Record<string, string>): Promise<void>
  onInteraction?(interaction: { userId: string; itemId: string; at: string }, offset: number): void
  onErasure?(erasure: UserErased, offset: number): void
  /** The stream `interactions` begins anew: the offsets so far mean nothing. */
  onInteractionsRestart?(): void
}

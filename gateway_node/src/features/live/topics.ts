// The topics of the socket: finds the topic of a name, checks who may subscribe, and passes the stream `interactions` on to the topics.
import type { FastifyInstance } from 'fastify'
import { Compile } from 'typebox/compile'
import type { LogHandlers, LogMessage } from '../../clients/broker/broker.ts'
import type { Identity } from '../../clients/identity-provider/identity.ts'
import { notifyAll } from '../../clients/listeners.ts'
import { readErasure } from '../../clients/user-events.ts'
import { AppError } from '../../errors.ts'
import { InteractionRecorded } from '../../gen/whynotboth/v1/interactions.ts'
import { requireAccess } from '../../http/access.ts'
import { UserId } from '../../http/schemas.ts'
import { Hub } from './hub.ts'
import type { Topic, TopicHandler, TopicKind } from './topic.ts'
import { activityTopic } from './topics/activity.ts'
import { jobsTopic } from './topics/jobs.ts'
import { modelsTopic } from './topics/models.ts'
import { recommendationsTopic } from './topics/recommendations.ts'
import { statsTopic } from './topics/stats.ts'

const topicKinds: TopicKind[] = [recommendationsTopic, jobsTopic, activityTopic, statsTopic, modelsTopic]

/** The callers that may subscribe to each topic, for the contract. */
export const topicAccess = Object.fromEntries(
  topicKinds.flatMap(({ names, access }) => names.map((name) => [name, access])),
)
export const topicNames = Object.keys(topicAccess)

export type Topics = {
  /** Throws TOPIC_UNKNOWN, or ACCESS_DENIED if this identity may not subscribe to the topic. */
  findTopic: (name: string, identity: Identity) => Topic
  /** Passes the stream `interactions` on to the topics. */
  follower: LogHandlers
}

export function createTopics(app: FastifyInstance): Topics {
  const hub = new Hub()
  const routes = topicKinds.flatMap(({ names, access, create }) => {
    const handler = create({ app, hub })
    return names.map((name) => ({ pattern: toPattern(name), access, handler }))
  })
  const handlers = new Set(routes.map(({ handler }) => handler))
  const notify: Notify = (call) => notifyAll(handlers, call)

  function findTopic(name: string, identity: Identity): Topic {
    for (const { pattern, access, handler } of routes) {
      const ids = readIds(pattern, name)
      if (ids === undefined) continue
      requireAccess(access, identity, ids.userId)
      return { subscribe: (topic, subscription) => handler.subscribe(topic, subscription, ids) }
    }
    throw new AppError('TOPIC_UNKNOWN', `There is no topic ${name}. Use one of ${topicNames.join(', ')}.`)
  }
  return { findTopic, follower: followInteractions(app, notify) }
}

type Notify = (call: (handler: TopicHandler) => void) => void

const idForm = Compile(UserId)

/** `jobs/{jobId}` matches `jobs/a`, and finds the jobId `a`. An id may hold a slash. */
function toPattern(name: string): RegExp {
  return new RegExp(`^${name.replaceAll(/\{(\w+)\}/g, '(?<$1>.+)')}$`, 's')
}

/** Return the ids in the name; undefined if the name doesn't match the pattern, or if an id has control characters or is too long. */
function readIds(pattern: RegExp, name: string): Record<string, string> | undefined {
  const match = pattern.exec(name)
  const ids = match?.groups ?? {}
  return match && Object.values(ids).every((id) => idForm.Check(id)) ? ids : undefined
}

function followInteractions(app: FastifyInstance, notify: Notify): LogHandlers {
  return {
    onMessage: (message) => {
      const { offset } = message
      const erasure = readErasure(message)
      const interaction = erasure ? undefined : decodeInteraction(app, message)
      if (erasure) notify((handler) => handler.onErasure?.(erasure, offset))
      if (interaction) notify((handler) => handler.onInteraction?.(interaction, offset))
    },
    onRestart: () => notify((handler) => handler.onInteractionsRestart?.()),
  }
}

function decodeInteraction(app: FastifyInstance, { body, offset }: LogMessage) {
  try {
    const { userId, itemId, occurredAt = new Date(0) } = InteractionRecorded.decode(body)
    return { userId, itemId, at: occurredAt.toISOString() }
  } catch (error) {
    app.log.warn({ err: error, offset }, 'interaction undecodable')
    return undefined
  }
}

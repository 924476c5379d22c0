// Every topic there is, and what feeds it.
import type { FastifyInstance } from 'fastify'
import type { LogHandlers } from '../../clients/broker/broker.ts'
import { notifyAll } from '../../clients/listeners.ts'
import { readErasure } from '../../clients/user-events.ts'
import { AppError } from '../../errors.ts'
import { InteractionRecorded, type UserErased } from '../../gen/whynotboth/v1/interactions.ts'
import { ModelPromoted } from '../../gen/whynotboth/v1/recommender.ts'
import { type Access, requireAccess } from '../../http/access.ts'
import type { ConnectionParts } from './connection.ts'
import { Hub } from './hub.ts'
import type { Topic } from './topic.ts'
import { ActivityTopic } from './topics/activity.ts'
import { JobsTopic } from './topics/jobs.ts'
import { ModelsTopic } from './topics/models.ts'
import { RecommendationsTopic } from './topics/recommendations.ts'
import { StatsTopic } from './topics/stats.ts'

/** As the reference of the socket names them, and who may have them. What shows what others do is the operator's. */
export const topicAccess = {
  'users/{userId}/recommendations': ['owner', 'operator'],
  jobs: ['operator'],
  'jobs/{jobId}': ['operator'],
  activity: ['operator'],
  stats: ['signed-in'],
  models: ['operator'],
} as const satisfies Record<string, Access>

export const topicNames = Object.keys(topicAccess)

/** Progress comes each second and has topics of its own. */
const quietFact = 'job.progressed'

export type Topics = { findTopic: ConnectionParts['findTopic']; follower: LogHandlers }

export function createTopics(app: FastifyInstance): Topics {
  const hub = new Hub()
  const parts = { hub, recommender: app.recommender, newCall: () => app.newCall(), logger: app.log }
  const jobs = new JobsTopic(app.jobs, app.config.readOwnWriteMs)
  const recommendations = new RecommendationsTopic(parts)
  const models = new ModelsTopic(parts)
  const activity = new ActivityTopic(hub)
  const stats = new StatsTopic(hub, () => app.stats.snapshot())

  feedFromJobs(app, activity)
  feedFromModels(app, models, recommendations)

  function find(name: string): [topic: Topic, access: Access, ownerId?: string] {
    if (RecommendationsTopic.matches(name))
      return [recommendations, topicAccess['users/{userId}/recommendations'], RecommendationsTopic.userOf(name)]
    if (JobsTopic.matches(name)) return [jobs, topicAccess.jobs]
    if (ActivityTopic.matches(name)) return [activity, topicAccess.activity]
    if (StatsTopic.matches(name)) return [stats, topicAccess.stats]
    if (ModelsTopic.matches(name)) return [models, topicAccess.models]
    throw new AppError('TOPIC_UNKNOWN', `There is no topic ${name}. Use one of ${topicNames.join(', ')}.`)
  }
  const findTopic: Topics['findTopic'] = (name, identity) => {
    const [topic, access, ownerId] = find(name)
    requireAccess(access, identity, ownerId)
    return topic
  }
  return { findTopic, follower: followInteractions(app, recommendations, activity) }
}

function followInteractions(
  app: FastifyInstance,
  recommendations: RecommendationsTopic,
  activity: ActivityTopic,
): LogHandlers {
  const erase = ({ userId, occurredAt = new Date(0) }: UserErased, offset: number) => {
    const toActivity = () => {
      activity.forget(userId)
      activity.record({ kind: 'user.erased', userId, at: occurredAt.toISOString() })
    }
    notifyAll([toActivity, () => recommendations.onErasure(userId, offset)], (update) => update())
  }
  return {
    onMessage: (message) => {
      const { offset, body } = message
      const erasure = readErasure(message)
      if (erasure) return erase(erasure, offset)
      const interaction = decodeInteraction(app, offset, body)
      if (interaction === undefined) return
      const { userId, itemId, at } = interaction
      const toActivity = () => activity.record({ kind: 'interaction.recorded', userId, itemId, at })
      notifyAll([toActivity, () => recommendations.onInteraction(userId, offset)], (update) => update())
    },
    onRestart: () => recommendations.onRestart(),
  }
}

function decodeInteraction(app: FastifyInstance, offset: number, body: Uint8Array) {
  try {
    const { userId, itemId, occurredAt = new Date(0) } = InteractionRecorded.decode(body)
    return { userId, itemId, at: occurredAt.toISOString() }
  } catch (error) {
    app.log.warn({ err: error, offset }, 'interaction undecodable')
    return undefined
  }
}

function feedFromJobs(app: FastifyInstance, activity: ActivityTopic) {
  const stop = app.jobs.subscribe({
    onChange: ({ fact, job: { jobId, updatedAt } }) => {
      if (fact !== quietFact) activity.record({ kind: fact, jobId, at: updatedAt })
    },
    onRestart: () => {},
  })
  app.addHook('onClose', async () => stop())
}

/** A hint says that a version is live; answers say that the recommender has loaded it. Lists change with the latter. */
function feedFromModels(app: FastifyInstance, models: ModelsTopic, recommendations: RecommendationsTopic) {
  const stops = [
    app.broker.onHint((body) => models.onModelChange(ModelPromoted.decode(body).version)),
    app.recommender.onModelVersion((version) => models.onModelChange(version)),
    app.recommender.onModelVersion(() => recommendations.onModelChange()),
  ]
  app.addHook('onClose', async () => notifyAll(stops, (stop) => stop()))
}

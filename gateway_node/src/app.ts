// Composes the gateway: all plugins and routes in the order of registration. Fastify closes them in reverse order.
import fastify from 'fastify'
import type { Broker } from './clients/broker/broker.ts'
import type { Recommender } from './clients/recommender/recommender.ts'
import type { Config } from './config.ts'
import { deadLettersRoutes } from './features/dead-letters/routes.ts'
import { decisionsRoutes } from './features/decisions/routes.ts'
import { interactionsRoutes } from './features/interactions/routes.ts'
import { itemsRoutes } from './features/items/routes.ts'
import { jobsRoutes } from './features/jobs/routes.ts'
import { liveRoutes } from './features/live/socket.ts'
import { modelsRoutes } from './features/models/routes.ts'
import { recommendationsRoutes } from './features/recommendations/routes.ts'
import { sessionsRoutes } from './features/sessions/routes.ts'
import { statsRoutes } from './features/stats/routes.ts'
import { usersRoutes } from './features/users/routes.ts'
import { authPlugin } from './http/authentication.ts'
import { healthPlugin } from './http/health.ts'
import { hostCheckPlugin } from './http/host-check.ts'
import { createLoad, loadSheddingPlugin } from './http/load-shedding.ts'
import { openApiPlugin } from './http/openapi.ts'
import { pagePlugin } from './http/page.ts'
import { problemPlugin } from './http/problem.ts'
import { headersPlugin } from './http/security-headers.ts'
import { serverOptions } from './http/server.ts'
import { drainPlugin } from './http/shutdown.ts'
import { telemetryPlugin } from './http/telemetry.ts'
import { brokerPlugin } from './plugins/broker.ts'
import { recommenderPlugin } from './plugins/recommender.ts'
import { websocketPlugin } from './plugins/websocket.ts'

/** Clients of what runs outside this process. Tests give fakes. */
export type Clients = { broker?: Broker; recommender?: Recommender }

export async function buildApp(config: Config, clients: Clients = {}) {
  const load = createLoad()
  const app = fastify(serverOptions(config, load))
  app.decorate('config', config)

  await app.register(problemPlugin)
  await app.register(loadSheddingPlugin, { load })
  await app.register(hostCheckPlugin)
  await app.register(headersPlugin)
  await app.register(drainPlugin)
  await app.register(authPlugin)
  await app.register(telemetryPlugin, { load })
  await app.register(openApiPlugin)

  await app.register(brokerPlugin, { broker: clients.broker })
  await app.register(recommenderPlugin, { recommender: clients.recommender })
  await app.register(healthPlugin)
  await app.register(websocketPlugin)

  if (config.identity.isDemo) await app.register(sessionsRoutes)
  await app.register(statsRoutes)
  await app.register(recommendationsRoutes)
  await app.register(usersRoutes)
  await app.register(itemsRoutes)
  await app.register(interactionsRoutes)
  await app.register(jobsRoutes)
  await app.register(deadLettersRoutes)
  await app.register(modelsRoutes)
  await app.register(decisionsRoutes)
  await app.register(liveRoutes)
  await app.register(pagePlugin)

  // The followers of each stream, in the order in which a message reaches them. The recommender's caches come first, because a topic asks the
  // recommender as soon as it gets the message. The view of jobs passes its changes on to the topics.
  app.followStreams({
    interactions: [...app.recommender.followers, app.interactionsView.follower, app.topics.follower],
    'job-events': [app.jobs.follower],
  })
  return app
}

declare module 'fastify' {
  interface FastifyInstance {
    config: Config
  }
}

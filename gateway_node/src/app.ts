// The parts of the gateway, in the order of registration. Fastify closes them in reverse, so shutdown is this list backwards.
import fastify from 'fastify'
import type { Broker } from './broker/broker.ts'
import type { Config } from './config.ts'
import { deadLettersRoutes } from './dead-letters/routes.ts'
import { interactionsRoutes } from './interactions/routes.ts'
import { itemsRoutes } from './items/routes.ts'
import { jobsRoutes } from './jobs/routes.ts'
import { liveRoutes } from './live/socket.ts'
import { createLoad } from './load.ts'
import { modelsRoutes } from './models/routes.ts'
import { authPlugin } from './plugins/auth.ts'
import { brokerPlugin } from './plugins/broker.ts'
import { drainPlugin } from './plugins/drain.ts'
import { headersPlugin } from './plugins/headers.ts'
import { healthPlugin } from './plugins/health.ts'
import { hostCheckPlugin } from './plugins/host-check.ts'
import { loadSheddingPlugin } from './plugins/load-shedding.ts'
import { openApiPlugin } from './plugins/open-api.ts'
import { pagePlugin } from './plugins/page.ts'
import { recommenderPlugin } from './plugins/recommender.ts'
import { telemetryPlugin } from './plugins/telemetry.ts'
import { websocketPlugin } from './plugins/websocket.ts'
import { problemPlugin } from './problem.ts'
import { recommendationsRoutes } from './recommendations/routes.ts'
import type { Recommender } from './recommender/recommender.ts'
import { serverOptions } from './server.ts'
import { sessionsRoutes } from './sessions/routes.ts'
import { statsRoutes } from './stats/routes.ts'
import { usersRoutes } from './users/routes.ts'

/** Clients that tests replace by fakes. */
export type Neighbours = { broker?: Broker; recommender?: Recommender }

export async function buildApp(config: Config, neighbours: Neighbours = {}) {
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

  await app.register(brokerPlugin, { broker: neighbours.broker })
  await app.register(recommenderPlugin, { recommender: neighbours.recommender })
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
  await app.register(liveRoutes)
  await app.register(pagePlugin)
  return app
}

declare module 'fastify' {
  interface FastifyInstance {
    config: Config
  }
}

// The figures of this gateway: GET /v1/stats, and a snapshot for the topic `stats`.
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { type Static, Type } from 'typebox'
import type { LogReader } from '../../clients/broker/broker.ts'
import { Nullable } from '../../http/schemas.ts'
import { Collector } from './collector.ts'

const RouteStats = Type.Object({
  count: Type.Integer(),
  errors: Type.Integer({ description: 'Answers with a status of 500 or more.' }),
  perSecond: Type.Number({ description: 'Over the last ten seconds.' }),
  p50Ms: Type.Number(),
  p99Ms: Type.Number(),
})
const Reader = Type.Object({ attached: Type.Boolean(), offset: Nullable(Type.Integer()) })

const Stats = Type.Object({
  gateway: Type.String({ description: 'The name of the gateway that these figures are about.' }),
  uptimeSeconds: Type.Number(),
  routes: Type.Record(Type.String(), RouteStats, { description: "By method and path, such as 'GET /v1/items'." }),
  sockets: Type.Integer(),
  readers: Type.Object({ interactions: Reader, jobs: Reader }),
  breaker: Type.Enum(['closed', 'open', 'half-open']),
})
export type Stats = Static<typeof Stats>

export const statsRoutes = fp(
  async (app) => {
    const collector = new Collector()
    app.addHook('onResponse', ({ method, routeOptions }, reply, done) => {
      const name = `${method} ${routeOptions.url ?? 'unknown'}`
      collector.record(name, reply.elapsedTime, reply.statusCode >= 500)
      done()
    })
    app.decorate('stats', { snapshot: () => takeSnapshot(app, collector) })
    app.withTypeProvider<TypeBoxTypeProvider>().get(
      '/v1/stats',
      {
        config: { access: ['signed-in'] },
        schema: { tags: ['stats'], summary: 'Get the figures of this gateway', response: { 200: Stats } },
      },
      async () => app.stats.snapshot(),
    )
  },
  { name: 'stats', dependencies: ['broker', 'recommender', 'websocket'] },
)

function takeSnapshot(app: FastifyInstance, collector: Collector): Stats {
  return {
    gateway: app.config.name,
    uptimeSeconds: Math.round(process.uptime() * 10) / 10,
    routes: collector.snapshot(),
    sockets: app.websocketServer.clients.size,
    readers: { interactions: readerOf(app.interactionsLog), jobs: readerOf(app.jobsLog) },
    breaker: app.recommender.state().breaker,
  }
}

const readerOf = (log: LogReader) => ({ attached: log.isAttached, offset: log.lastOffset })

declare module 'fastify' {
  interface FastifyInstance {
    stats: { snapshot: () => Stats }
  }
}

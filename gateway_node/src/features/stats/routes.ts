// The figures of this gateway: GET /v1/stats, and a snapshot for the topic `stats`.
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { type Static, Type } from 'typebox'
import type { LogReader } from '../../clients/broker/broker.ts'
import { Nullable } from '../../http/schemas.ts'

/** The durations that are kept of each route. Rates and percentiles come from them. */
const keptSamples = 1024
const rateWindowMs = 10_000

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

type Sample = { at: number; elapsedMs: number }
type RouteSamples = { count: number; errors: number; samples: Sample[] }

/** Counts the requests of this gateway and keeps the last durations of each route. Prometheus has the complete record. */
export class Collector {
  readonly #routes = new Map<string, RouteSamples>()

  record(name: string, elapsedMs: number, isError: boolean): void {
    const route = this.#routes.get(name) ?? { count: 0, errors: 0, samples: [] }
    this.#routes.set(name, route)
    route.samples[route.count % keptSamples] = { at: Date.now(), elapsedMs }
    route.count += 1
    if (isError) route.errors += 1
  }

  snapshot(): Stats['routes'] {
    const stats = [...this.#routes].map(([name, { count, errors, samples }]) => {
      const durations = samples.map(({ elapsedMs }) => elapsedMs).sort((a, b) => a - b)
      const perSecond = rateOf(samples)
      return [name, { count, errors, perSecond, p50Ms: percentile(durations, 0.5), p99Ms: percentile(durations, 0.99) }]
    })
    return Object.fromEntries(stats)
  }
}

/** Requests per second, over the last ten seconds or over the time that the samples cover. */
function rateOf(samples: Sample[]): number {
  const now = Date.now()
  const oldest = samples.reduce((least, { at }) => Math.min(least, at), now)
  const isFull = samples.length === keptSamples
  const windowMs = isFull ? Math.max(1, Math.min(rateWindowMs, now - oldest)) : rateWindowMs
  const recent = samples.filter(({ at }) => at > now - windowMs)
  return round((recent.length * 1000) / windowMs)
}

/** The percentile of sorted durations by nearest rank. */
function percentile(sorted: number[], share: number): number {
  return round(sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0)
}

const round = (value: number) => Math.round(value * 100) / 100

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

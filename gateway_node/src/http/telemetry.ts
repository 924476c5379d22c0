// Identifies and times requests: request id, traceparent, the call object for the recommender, /metrics.
import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import fp from 'fastify-plugin'
import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client'
import type { Call } from '../clients/recommender/recommender.ts'
import type { Load } from './load-shedding.ts'
import { createOpsAccess } from './ops-access.ts'

const traceparentPattern = /^[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/

/** Made from UUIDs, because Node generates many of them at a time. Calls of `randomBytes` took a twentieth of the gateway's time for an interaction. */
function newTraceparent() {
  const newId = () => randomUUID().replaceAll('-', '')
  return `00-${newId()}-${newId().slice(16)}-01`
}

/** The context of a request's calls. It makes the traceparent on first use: random ids are expensive, and a batch sends only one. */
class RequestCall implements Call {
  readonly expiresAt: number
  readonly requestId: string
  readonly #socket: Socket | undefined
  #traceparent: string | undefined

  constructor(expiresAt: number, requestId: string, given?: unknown, socket?: Socket) {
    this.expiresAt = expiresAt
    this.requestId = requestId
    this.#socket = socket
    this.#traceparent = typeof given === 'string' && traceparentPattern.test(given) ? given : undefined
  }

  get traceparent(): string {
    this.#traceparent ??= newTraceparent()
    return this.#traceparent
  }

  isAbandoned(): boolean {
    return this.#socket?.destroyed ?? false
  }
}

export const telemetryPlugin = fp<{ load: Load }>(
  async (app, { load }) => {
    const metrics = new Registry()
    collectDefaultMetrics({ register: metrics })
    const durations = new Histogram({
      name: 'gateway_http_request_duration_seconds',
      help: 'Time from a request to the end of its answer.',
      labelNames: ['route', 'method', 'status'],
      registers: [metrics],
    })
    countRefusals(metrics, load)
    app.decorate('metrics', metrics)
    const newDeadline = () => performance.now() + app.config.recommenderDeadlineMs
    app.decorate('newCall', () => new RequestCall(newDeadline(), randomUUID()))
    app.decorateRequest('call')

    app.addHook('onRequest', (request, reply, done) => {
      request.call = new RequestCall(newDeadline(), request.id, request.headers.traceparent, request.socket)
      reply.header('x-request-id', request.id)
      done()
    })
    app.addHook('onResponse', (request, reply, done) => {
      const labels = { route: request.routeOptions.url ?? 'unknown', method: request.method, status: reply.statusCode }
      durations.observe(labels, reply.elapsedTime / 1000)
      if (labels.route.startsWith('/v1/'))
        request.log.info({ ...labels, durationMs: reply.elapsedTime }, 'request answered')
      done()
    })
    // This route accepts OPS_TOKEN, and no user's token.
    const onRequest = createOpsAccess(app.config)
    app.get(
      '/metrics',
      { schema: { hide: true }, config: { access: ['anyone'] }, onRequest },
      async (_request, reply) => {
        reply.type(metrics.contentType)
        return metrics.metrics()
      },
    )
  },
  { name: 'telemetry' },
)

/** The server refuses these requests before the hooks of the histogram run, so they need a counter. */
function countRefusals(registry: Registry, load: Load) {
  new Counter({
    name: 'gateway_http_requests_refused_total',
    help: 'Requests that were refused because too many were in progress.',
    registers: [registry],
    collect() {
      this.reset()
      this.inc(load.refused)
    },
  })
}

declare module 'fastify' {
  interface FastifyInstance {
    metrics: Registry
    /** Return the context of a call without a request, such as one for a push. */
    newCall(): Call
  }
  interface FastifyRequest {
    call: Call
  }
}

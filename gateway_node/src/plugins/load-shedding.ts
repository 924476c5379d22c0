// Counts the requests that the gateway works on, so that its server can refuse the next ones.
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Load } from '../load.ts'

/** A socket stays, and has bounds of its own. A probe asks whether the gateway lives. */
const isExempt = ({ routeOptions: { config } }: FastifyRequest) => config.isSocket || config.isProbe

export const loadSheddingPlugin = fp<{ load: Load }>(
  async (app, { load }) => {
    app.decorateRequest('isCounted', false)
    function count(request: FastifyRequest): void {
      if (isExempt(request)) return
      load.requests += 1
      request.isCounted = true
    }
    function uncount(request: FastifyRequest): void {
      if (request.isCounted) load.requests -= 1
      request.isCounted = false
    }
    app.addHook('onRequest', (request, reply, done) => {
      count(request)
      reply.raw.once('close', () => uncount(request))
      done()
    })
    // A body may come slowly, and an answer may be read slowly. Neither takes a place from other clients.
    app.addHook('preParsing', (request, _reply, body, done) => {
      uncount(request)
      done(null, body)
    })
    app.addHook('preValidation', (request, _reply, done) => {
      count(request)
      done()
    })
    // Not before the end of the tick: the refusals of one tick are work too.
    app.addHook('onSend', (request, _reply, payload, done) => {
      setImmediate(uncount, request)
      done(null, payload)
    })
  },
  { name: 'load-shedding' },
)

declare module 'fastify' {
  interface FastifyRequest {
    /** Whether it is one of the requests that the gateway works on now. */
    isCounted: boolean
  }
}

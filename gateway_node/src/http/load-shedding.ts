// Counts the requests that the gateway works on, so that its server can refuse the next ones.
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { isFull, type Load, overloaded } from './load.ts'

/** Upgrades don't pass the server's check, and sockets have bounds of their own. Probes must be answered under load, too. */
function isExempt({ raw, routeOptions: { config } }: FastifyRequest): boolean {
  const { upgrade } = raw as { upgrade?: boolean }
  return upgrade === true || config.isProbe === true
}

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
    app.addHook('onRequest', (request, _reply, done) => {
      count(request)
      done()
    })
    // A body may arrive slowly, and an answer may be read slowly. Meanwhile the request takes no place from others.
    app.addHook('preParsing', (request, _reply, body, done) => {
      uncount(request)
      done(null, body)
    })
    app.addHook('preValidation', (request, _reply, done) => {
      // The places may have been taken while the body arrived.
      if (isFull(load) && !isExempt(request)) {
        load.refused += 1
        return done(overloaded)
      }
      count(request)
      done()
    })
    // At the end of the tick, because many refusals in one tick are work too.
    app.addHook('onSend', (request, _reply, payload, done) => {
      setImmediate(uncount, request)
      done(null, payload)
    })
    // When a client leaves, its request goes on until its answer. A handler that then sends none has ended by its deadline.
    app.addHook('onRequestAbort', (request, done) => {
      setTimeout(uncount, app.config.recommenderDeadlineMs, request).unref()
      done()
    })
  },
  { name: 'load-shedding' },
)

declare module 'fastify' {
  interface FastifyRequest {
    /** Whether the gateway works on it now and counts it. */
    isCounted: boolean
  }
}

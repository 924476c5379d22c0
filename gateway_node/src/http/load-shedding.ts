// Load shedding: counts the requests in progress, so that the server refuses more than it can work on (docs/adr/0023).
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { AppError } from '../errors.ts'

/** Half of the calls that may wait for one recommender. A request that is refused there costs three times as much. */
const maxRequests = 512

/** One instance for all refusals: capturing a stack costs more than the rest of a refusal. */
export const overloaded = new AppError(
  'GATEWAY_OVERLOADED',
  'More requests arrive than this gateway can take on. Try again.',
)

export type Load = {
  /** Requests in progress: neither answered nor waiting for their body. */
  requests: number
  /** Requests that were refused since the start. */
  refused: number
}

export const createLoad = (): Load => ({ requests: 0, refused: 0 })

export const isFull = ({ requests }: Load) => requests >= maxRequests

/** Upgrades don't pass the server's check, and sockets have limits of their own. Probes must be answered under load, too. */
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
    // A client may send its body slowly. Meanwhile its request takes no place from others.
    app.addHook('preParsing', (request, _reply, body, done) => {
      uncount(request)
      done(null, body)
    })
    app.addHook('preValidation', (request, _reply, done) => {
      // Other requests may have taken the places while the body arrived.
      if (isFull(load) && !isExempt(request)) {
        load.refused += 1
        return done(overloaded)
      }
      count(request)
      done()
    })
    // At the end of the tick, because many refusals in one tick are work too. A client may read its answer slowly without taking a place.
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
    /** Whether the load counts this request now. */
    isCounted: boolean
  }
}

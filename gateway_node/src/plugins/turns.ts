// What a turn of the event loop takes on, and when it answers.
import fp from 'fastify-plugin'
import { AppError } from '../errors.ts'
import { writeProblem } from '../problem.ts'

/** In a longer turn, the answers that the others wait for would stay unread. As many as one call to the recommender takes: docs/adr/0009. */
const maxRequests = 256

/** Made once: to capture a stack costs more than the rest of a refusal. */
const overloaded = new AppError('GATEWAY_OVERLOADED', 'More requests arrive than this gateway can take on. Try again.')

export const turnsPlugin = fp(
  async (app) => {
    let turn = 0
    let requests = 0
    const endTurn = () => {
      turn += 1
      requests = 0
    }
    app.decorateRequest('turn', 0)
    app.addHook('onRequest', (request, reply, done) => {
      if (requests === 0) setImmediate(endTurn)
      requests += 1
      request.turn = turn
      // Whoever looks whether the gateway is alive is told.
      if (requests <= maxRequests || !request.url.startsWith('/v1/')) return done()
      writeProblem(overloaded, request, reply)
    })
    // What is known at once is answered once all that has arrived by now is read: whoever takes many answers isn't woken for each then. Texts
    // alone: a stream might fail meanwhile, unheard. A handler that sends must return its reply: docs/adr/0011.
    app.addHook('onSend', (request, _reply, payload, done) => {
      if (request.turn === turn && typeof payload === 'string') setImmediate(done, null, payload)
      else done(null, payload)
    })
  },
  { name: 'turns', dependencies: ['headers'] },
)

declare module 'fastify' {
  interface FastifyRequest {
    /** In which turn of the event loop it arrived. */
    turn: number
  }
}

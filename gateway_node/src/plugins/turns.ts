// How many requests a turn of the event loop takes on: in a longer one, the answers that the others wait for would stay unread.
import fp from 'fastify-plugin'
import { AppError } from '../errors.ts'
import { writeProblem } from '../problem.ts'

/** As many as one call to the recommender takes: docs/adr/0009. */
const maxRequests = 256

/** Made once: to capture a stack costs more than the rest of a refusal. */
const overloaded = new AppError('GATEWAY_OVERLOADED', 'More requests arrive than this gateway can take on. Try again.')

export const turnsPlugin = fp(
  async (app) => {
    let requests = 0
    const endTurn = () => {
      requests = 0
    }
    app.addHook('onRequest', (request, reply, done) => {
      if (requests === 0) setImmediate(endTurn)
      requests += 1
      // Whoever looks whether the gateway is alive is told.
      if (requests <= maxRequests || !request.url.startsWith('/v1/')) return done()
      writeProblem(overloaded, request, reply)
    })
  },
  { name: 'turns', dependencies: ['headers'] },
)

// The lifetime of the recommender's client: open the channel, or take the given client; close it at the end.
import fp from 'fastify-plugin'
import { Histogram } from 'prom-client'
import { createRecommender } from '../clients/recommender/client.ts'
import type { Recommender } from '../clients/recommender/recommender.ts'

export const recommenderPlugin = fp<{ recommender?: Recommender | undefined }>(
  async (app, options) => {
    const durations = new Histogram({
      name: 'gateway_grpc_request_duration_seconds',
      help: 'Time from a call of the recommender to its status.',
      labelNames: ['method', 'status'],
      registers: [app.metrics],
    })
    const recommender =
      options.recommender ??
      createRecommender(app.config, {
        log: app.interactionsLog,
        onHint: (listener) => app.broker.onHint(listener),
        newCall: app.newCall,
        observe: (method, status, seconds) => durations.observe({ method, status }, seconds),
        logger: app.log,
      })
    app.decorate('recommender', recommender)
    app.addHook('onClose', async () => recommender.close())
  },
  { name: 'recommender', dependencies: ['telemetry', 'broker'] },
)

declare module 'fastify' {
  interface FastifyInstance {
    recommender: Recommender
  }
}

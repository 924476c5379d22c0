// What users do, taken in once the broker has it.
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import fp from 'fastify-plugin'
import { createRecordInteraction, type RecordInteraction } from './record.ts'
import { AcceptedInteraction, IdempotencyHeaders, NewInteraction } from './schemas.ts'
import { createInteractionsView, type InteractionsView } from './view.ts'

export const interactionsRoutes = fp(
  async (instance) => {
    const app = instance.withTypeProvider<TypeBoxTypeProvider>()
    const { broker, recommender, interactionsLog: log } = app
    const view = createInteractionsView()
    const { readOwnWriteMs } = app.config
    app.decorate('recordInteraction', createRecordInteraction({ broker, log, recommender, view, readOwnWriteMs }))
    app.decorate('interactionsView', view)

    app.post(
      '/v1/interactions',
      {
        config: { access: ['owner'] },
        schema: {
          tags: ['interactions'],
          summary: 'Record that a user rated an item',
          body: NewInteraction,
          headers: IdempotencyHeaders,
          response: { 202: AcceptedInteraction },
        },
      },
      async (request, reply) => {
        const idempotencyKey = request.headers['idempotency-key']
        return reply.code(202).send(await app.recordInteraction({ ...request.body, idempotencyKey }, request.call))
      },
    )
  },
  { name: 'interactions', dependencies: ['broker', 'recommender', 'telemetry'] },
)

declare module 'fastify' {
  interface FastifyInstance {
    recordInteraction: RecordInteraction
    interactionsView: InteractionsView
  }
}

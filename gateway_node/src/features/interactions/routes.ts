// POST /v1/interactions: record that a user rated an item. The answer follows the broker's confirm.
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import fp from 'fastify-plugin'
import { Type } from 'typebox'
import {
  AcceptedInteraction,
  createInteractionsView,
  createRecordInteraction,
  type InteractionsView,
  NewInteraction,
  type RecordInteraction,
} from './service.ts'

const IdempotencyHeaders = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 200,
      description:
        'A second request with the same key and body changes nothing, for 24 hours and at any gateway. Another body is refused. Of two bodies at the same moment, the first in the log counts.',
    }),
  ),
})

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

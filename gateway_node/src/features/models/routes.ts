// The model versions, and the choice of the live one.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyContextConfig } from 'fastify'
import { Type } from 'typebox'
import { NextPageToken, Nullable, pageQuery, strict } from '../../http/schemas.ts'

const ModelPath = Type.Object({ version: Type.String({ minLength: 1, maxLength: 200 }) })

const ModelsQuery = Type.Object(pageQuery, strict)

const Model = Type.Object({
  version: Type.String({ description: 'Sorts by time.' }),
  estimator: Type.String(),
  params: Type.Record(Type.String(), Type.Unknown()),
  metrics: Type.Record(Type.String(), Type.Number()),
  createdAt: Type.String({ format: 'date-time' }),
  live: Type.Boolean(),
  stale: Type.Boolean({ description: 'Trained before the last import that changed the data. Train a new version.' }),
  unknownItems: Nullable(
    Type.Integer({
      description: 'Items of the catalogue that the live version doesn’t know; null for another version.',
    }),
  ),
})

const ModelList = Type.Object({ models: Type.Array(Model), nextPageToken: NextPageToken })

const tags = ['models']
const config: FastifyContextConfig = { access: ['operator'] }

export const modelsRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/v1/models',
    {
      config,
      schema: {
        tags,
        summary: 'List model versions, newest first',
        querystring: ModelsQuery,
        response: { 200: ModelList },
      },
    },
    async ({ query, call }) => app.recommender.listModels(query, call),
  )

  app.post(
    '/v1/models/:version/promote',
    {
      config,
      schema: { tags, summary: 'Make a version live, forward or back', params: ModelPath, response: { 200: Model } },
    },
    async ({ params, call }) => app.recommender.promoteModel(params.version, call),
  )
}

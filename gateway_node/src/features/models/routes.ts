// The model versions, and which of them is live.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyContextConfig } from 'fastify'
import { Model, ModelList, ModelPath, ModelsQuery } from './schemas.ts'

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

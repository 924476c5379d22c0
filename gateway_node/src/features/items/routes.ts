// The catalogue.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyContextConfig } from 'fastify'
import { Item } from '../../http/schemas.ts'
import { GenreList, ItemList, ItemPath, ItemsQuery, SimilarItems, SimilarQuery } from './schemas.ts'

const tags = ['items']
const config: FastifyContextConfig = { access: ['signed-in'] }

export const itemsRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/v1/items',
    { config, schema: { tags, summary: 'List items', querystring: ItemsQuery, response: { 200: ItemList } } },
    async ({ query, call }) => app.recommender.listItems(query, call),
  )

  app.get(
    '/v1/genres',
    { config, schema: { tags, summary: 'List the genres of all items', response: { 200: GenreList } } },
    async ({ call }) => ({ genres: await app.recommender.listGenres(call) }),
  )

  app.get(
    '/v1/items/:itemId',
    { config, schema: { tags, summary: 'Get an item', params: ItemPath, response: { 200: Item } } },
    async ({ params, call }) => app.recommender.getItem(params.itemId, call),
  )

  app.get(
    '/v1/items/:itemId/similar',
    {
      config,
      schema: {
        tags,
        summary: 'List the items nearest to an item',
        params: ItemPath,
        querystring: SimilarQuery,
        response: { 200: SimilarItems },
      },
    },
    async ({ params: { itemId }, query: { limit }, call }) => {
      const { items } = await app.recommender.listSimilarItems({ itemId, limit }, call)
      return { itemId, items }
    },
  )
}

// The catalogue: items, genres and similar items.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyContextConfig } from 'fastify'
import { Type } from 'typebox'
import { Item, ItemId, Limit, NextPageToken, pageQuery, ScoredItem, strict } from '../../http/schemas.ts'

const ItemPath = Type.Object({ itemId: ItemId })

const ItemsQuery = Type.Object(
  {
    query: Type.String({ maxLength: 200, default: '', description: 'Only items whose title contains this.' }),
    genre: Type.String({ maxLength: 200, default: '', description: 'Only items of this genre.' }),
    ...pageQuery,
  },
  strict,
)

const ItemList = Type.Object({ items: Type.Array(Item), nextPageToken: NextPageToken })

const GenreList = Type.Object({
  genres: Type.Array(Type.String(), { description: 'Each once, in the order of the alphabet.' }),
})

const SimilarQuery = Type.Object({ limit: Limit }, strict)

const SimilarItems = Type.Object({ itemId: Type.String(), items: Type.Array(ScoredItem) })

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

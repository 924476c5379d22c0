// Who there is, and what they did.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { InteractionList, InteractionsQuery, User, UserList, UserPath, UsersQuery } from './schemas.ts'

const tags = ['users']

export const usersRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/v1/users',
    { schema: { tags, summary: 'List users', querystring: UsersQuery, response: { 200: UserList } } },
    async ({ query, call }) => app.recommender.listUsers(query, call),
  )

  app.get(
    '/v1/users/:userId',
    { schema: { tags, summary: 'Get a user', params: UserPath, response: { 200: User } } },
    async ({ params, call }) => app.recommender.getUser(params.userId, call),
  )

  app.get(
    '/v1/users/:userId/interactions',
    {
      schema: {
        tags,
        summary: 'List what a user did, newest first',
        params: UserPath,
        querystring: InteractionsQuery,
        response: { 200: InteractionList },
      },
    },
    async ({ params, query, call }) => app.recommender.listInteractions({ ...params, ...query }, call),
  )
}

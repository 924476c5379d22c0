// Who there is, what they did, and how it is forgotten.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyContextConfig } from 'fastify'
import { createEraseUser } from './erase.ts'
import {
  AcceptedErasure,
  ErasedUserPath,
  InteractionList,
  InteractionsQuery,
  User,
  UserList,
  UserPath,
  UsersQuery,
} from './schemas.ts'

const tags = ['users']
const config: FastifyContextConfig = { access: ['owner', 'operator'] }

export const usersRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/v1/users',
    {
      // In the demo one chooses from them whom to be.
      config: { access: [app.config.identity.isDemo ? 'anyone' : 'operator'] },
      schema: { tags, summary: 'List users', querystring: UsersQuery, response: { 200: UserList } },
    },
    async ({ query, call }) => app.recommender.listUsers(query, call),
  )

  app.get(
    '/v1/users/:userId',
    {
      config,
      schema: {
        tags,
        summary: 'Get a user',
        description: '404 `USER_UNKNOWN` until the user has interactions.',
        params: UserPath,
        response: { 200: User },
      },
    },
    async ({ params, call }) => app.recommender.getUser(params.userId, call),
  )

  app.get(
    '/v1/users/:userId/interactions',
    {
      config,
      schema: {
        tags,
        summary: 'List what a user did, newest first',
        description: 'An empty list for any id that has no interactions yet, as for a new user.',
        params: UserPath,
        querystring: InteractionsQuery,
        response: { 200: InteractionList },
      },
    },
    async ({ params, query, call }) => app.recommender.listInteractions({ ...params, ...query }, call),
  )

  const { broker, interactionsLog: log } = app
  const eraseUser = createEraseUser({ broker, log, readOwnWriteMs: app.config.readOwnWriteMs })
  app.delete(
    '/v1/users/:userId',
    {
      config,
      schema: {
        tags,
        summary: 'Erase all that a user did',
        description:
          'Also of a user whom nobody knows, and as often as it is asked. What the user does afterwards is a new history.',
        params: ErasedUserPath,
        response: { 202: AcceptedErasure },
      },
    },
    async ({ params, call }, reply) => reply.code(202).send(await eraseUser(params.userId, call)),
  )
}

// Users: list them, read one and the history, and erase a user.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyContextConfig } from 'fastify'
import { Type } from 'typebox'
import { ExampleUserId, NextPageToken, Nullable, pageQuery, strict, UserId } from '../../http/schemas.ts'
import { AcceptedErasure, createEraseUser } from './erase.ts'

const UserPath = Type.Object({ userId: UserId })
const ErasedUserPath = Type.Object({ userId: ExampleUserId })

const UsersQuery = Type.Object(
  {
    query: Type.String({ maxLength: 200, default: '', description: 'Only users whose id contains this.' }),
    ...pageQuery,
  },
  strict,
)

const User = Type.Object({ userId: Type.String(), interactionCount: Type.Integer() })

const UserList = Type.Object({ users: Type.Array(User), nextPageToken: NextPageToken })

const InteractionsQuery = Type.Object(pageQuery, strict)

const Interaction = Type.Object({
  interactionId: Type.String(),
  itemId: Type.String(),
  title: Type.String(),
  rating: Nullable(Type.Number()),
  occurredAt: Nullable(Type.String({ format: 'date-time' })),
})

const InteractionList = Type.Object({
  interactions: Type.Array(Interaction),
  nextPageToken: NextPageToken,
  asOfOffset: Nullable(Type.Integer({ description: 'The last offset of the log that the page takes into account.' })),
})

const tags = ['users']
const config: FastifyContextConfig = { access: ['owner', 'operator'] }

export const usersRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/v1/users',
    {
      // The demo's sign-in offers these users.
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
        summary: 'List the interactions of a user, newest first',
        description: 'An unknown user has an empty list.',
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
        summary: 'Erase all data of a user',
        description:
          'Accepts unknown users, and repeated requests. Later interactions of the user begin a new history.',
        params: ErasedUserPath,
        response: { 202: AcceptedErasure },
      },
    },
    async ({ params, call }, reply) => reply.code(202).send(await eraseUser(params.userId, call)),
  )
}

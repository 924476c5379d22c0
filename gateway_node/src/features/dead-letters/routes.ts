// The messages that no worker could finish, for the operator: look, give a job another run, drop.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyContextConfig } from 'fastify'
import { DeadLetter, DeadLetterList, DeadLetterPath, DeadLettersQuery, DeadLetterWithBody, Replay } from './schemas.ts'

const tags = ['dead letters']
const params = DeadLetterPath
const config: FastifyContextConfig = { access: ['operator'] }

export const deadLettersRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const listing = { tags, summary: 'List dead letters, oldest first', querystring: DeadLettersQuery }
  app.get(
    '/v1/dead-letters',
    { config, schema: { ...listing, response: { 200: DeadLetterList } } },
    async ({ query, call }) => app.recommender.listDeadLetters(query, call),
  )

  app.get(
    '/v1/dead-letters/:deadLetterId',
    {
      config,
      schema: { tags, summary: 'Get a dead letter with its body', params, response: { 200: DeadLetterWithBody } },
    },
    async ({ params: { deadLetterId }, call }) => {
      const { body, ...letter } = await app.recommender.getDeadLetter(deadLetterId, call)
      return { ...letter, body: body.toString('base64') }
    },
  )

  app.post(
    '/v1/dead-letters/:deadLetterId/replay',
    { config, schema: { tags, summary: 'Give its job another run of attempts', params, response: { 200: Replay } } },
    async ({ params: { deadLetterId }, call }) => app.recommender.replayDeadLetter(deadLetterId, call),
  )

  app.delete(
    '/v1/dead-letters/:deadLetterId',
    { config, schema: { tags, summary: 'Remove a dead letter for good', params, response: { 200: DeadLetter } } },
    async ({ params: { deadLetterId }, call }) => app.recommender.dropDeadLetter(deadLetterId, call),
  )
}

// The dead letters, for the operator: list and read them, replay a job, remove one.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyContextConfig } from 'fastify'
import { Type } from 'typebox'
import { NextPageToken, Nullable, pageQuery, strict } from '../../http/schemas.ts'

const deadLetterFields = {
  deadLetterId: Type.String(),
  messageId: Type.String(),
  type: Type.String({ description: "The type in the message's properties." }),
  jobId: Nullable(Type.String({ description: 'Null if the message is not a job.' })),
  kind: Nullable(Type.String()),
  cause: Nullable(Type.String({ description: 'Why the broker put it here: rejected, expired or delivery_limit.' })),
  error: Nullable(Type.Object({ reason: Type.String(), detail: Type.String() })),
  attempts: Type.Integer({ description: 'How many attempts at the job have begun.' }),
  sizeBytes: Type.Integer(),
  diedAt: Nullable(Type.String({ format: 'date-time' })),
}

const DeadLetter = Type.Object(deadLetterFields)
const DeadLetterWithBody = Type.Object({
  ...deadLetterFields,
  body: Type.String({ description: 'The bytes of the message, in Base64.' }),
})
const DeadLetterList = Type.Object({ deadLetters: Type.Array(DeadLetter), nextPageToken: NextPageToken })
const Replay = Type.Object({
  deadLetter: DeadLetter,
  queued: Type.Boolean({ description: 'False if the job needs no other run: it runs, succeeded or was cancelled.' }),
})

const DeadLetterPath = Type.Object({ deadLetterId: Type.String({ minLength: 1, maxLength: 100 }) })
const DeadLettersQuery = Type.Object(pageQuery, strict)

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

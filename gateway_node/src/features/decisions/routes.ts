// The decision tool: Node, Python or both for a project. The recommender decides; these routes serve it as JSON, as a page and as a file.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyContextConfig } from 'fastify'
import { Type } from 'typebox'
import { AppError } from '../../errors.ts'
import { statusOf } from '../../http/problem.ts'
import { Nullable, strict } from '../../http/schemas.ts'
import { writePolicy } from '../../http/security-headers.ts'
import { readForm } from './form.ts'
import { renderFailure, renderPage } from './page.ts'

const Answers = Type.Record(Type.String({ maxLength: 50 }), Type.String({ maxLength: 50 }), {
  maxProperties: 20,
  description:
    'The ids of answers by the ids of questions. An error lists those that exist; so does the page `/decide`.',
  examples: [{ connections: 'thousands', compute: 'numeric', team: 'both' }],
})

const Option = Type.String({ description: '`node`, `python` or `both`.' })
const Part = Type.Number({ minimum: 0, maximum: 1 })

const Decision = Type.Object({
  winners: Type.Array(Option, { description: 'The recommended option; more than one is a tie.' }),
  summary: Type.Array(Type.String()),
  options: Type.Array(
    Type.Object({
      option: Option,
      share: Type.Number({ description: 'The part of the weights and scores in which it is the best, from 0 to 1.' }),
      mean: Part,
      low: Part,
      high: Part,
    }),
    { description: 'What the answers allow. 90 % of the weighted sums are between `low` and `high`.' },
  ),
  criteria: Type.Array(
    Type.Object({
      criterionId: Type.String(),
      title: Type.String(),
      weight: Part,
      lead: Type.Number({ description: 'By how much it puts the first option before the second.' }),
      scale: Type.String(),
      reason: Type.String(),
      evidence: Type.Object({
        source: Type.String({ description: '`own-run`, `reference-run`, `article` or `judgement`.' }),
        text: Type.String(),
        command: Type.String({ description: 'Repeats the measurement; empty if there is none.' }),
      }),
    }),
  ),
  smallestChange: Nullable(Type.Object({ answers: Type.Record(Type.String(), Type.String()), winner: Option })),
  unknowns: Type.Array(Type.String()),
  agenda: Type.Object({
    statement: Type.String(),
    favouring: Type.Array(Type.String()),
    whenNot: Type.Array(Type.String()),
  }),
  record: Type.String({ description: 'An architecture decision record in Markdown (MADR).' }),
})

const Form = Type.Record(Type.String(), Type.String())

const config: FastifyContextConfig = { access: ['anyone'] }
const policy = writePolicy('', "'self'")

export const decisionsRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.post(
    '/v1/decisions',
    {
      config,
      schema: {
        tags: ['decisions'],
        summary: 'Decide between Node, Python and both for a project',
        body: Type.Object({ answers: Answers }, strict),
        response: { 200: Decision },
      },
    },
    async ({ body, call }) => app.recommender.decide(body.answers, call),
  )

  app.get('/decide', { config, schema: { hide: true, querystring: Form } }, async ({ query, call }, reply) => {
    reply.headers({ 'content-security-policy': policy, 'cache-control': 'no-cache' }).type('text/html; charset=utf-8')
    try {
      const questionnaire = await app.recommender.getQuestionnaire(call)
      const form = readForm(query, questionnaire.questions.length)
      const outcome = form.isComplete ? await app.recommender.decide(form.answers, call).catch(toRefusal) : undefined
      if (outcome instanceof AppError) reply.code(statusOf(outcome))
      return renderPage(questionnaire, form, outcome)
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      return reply.code(statusOf(error)).send(renderFailure(error))
    }
  })

  app.get(
    '/decide/record.md',
    { config, schema: { hide: true, querystring: Form } },
    async ({ query, call }, reply) => {
      const { record } = await app.recommender.decide(readForm(query, 0).answers, call)
      reply.header('content-disposition', 'attachment; filename="back-end-language.md"')
      return reply.type('text/markdown; charset=utf-8').send(record)
    },
  )
}

/** The form shows why answers are refused. Any other error leaves nothing to show but itself. */
function toRefusal(error: unknown): AppError {
  if (error instanceof AppError && error.kind === 'INVALID_ARGUMENT') return error
  throw error
}

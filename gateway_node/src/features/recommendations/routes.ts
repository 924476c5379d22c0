// The recommendations of a user, with reasons. The header `Server-Timing` says how long each part took.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Recommendations, RenderedItem } from '../../clients/recommender/recommender.ts'
import { renderRecommendations } from '../../http/recommendations-json.ts'
import { Limit, RecommendedItem, strict, UserId } from '../../http/schemas.ts'

export const RecommendationsPath = Type.Object({ userId: UserId })

export const RecommendationsQuery = Type.Object(
  {
    limit: Limit,
    minOffset: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: Number.MAX_SAFE_INTEGER,
        description:
          'The answer takes into account every interaction up to this offset, such as the `offset` of a 202.',
      }),
    ),
  },
  strict,
)

export const RecommendationsAnswer = Type.Object({
  userId: Type.String(),
  modelVersion: Type.String(),
  source: Type.Enum(['model', 'cache', 'fallback'], { description: '`fallback`: popular items.' }),
  degraded: Type.Boolean({ description: 'The recommender could not answer, so this list may be old.' }),
  items: Type.Array(Type.Unsafe<RenderedItem>(RecommendedItem), {
    description: 'Best first, without the items that the user has rated.',
  }),
})

export const recommendationsRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/v1/users/:userId/recommendations',
    {
      config: { access: ['owner', 'operator'] },
      schema: {
        tags: ['recommendations'],
        summary: 'Recommend items to a user',
        params: RecommendationsPath,
        querystring: RecommendationsQuery,
        response: { 200: RecommendationsAnswer },
      },
      // The items of a list are rendered already. Every other answer of this route is a plain object.
      serializerCompiler: ({ httpStatus }) => (httpStatus === '200' ? renderRecommendations : JSON.stringify),
    },
    async (request, reply) => {
      const { limit, minOffset } = request.query
      const question = { userId: request.params.userId, limit }
      const asOf = minOffset === undefined ? {} : { minInteractionOffset: minOffset }
      const answer = await app.recommender.recommend({ ...question, ...asOf }, request.call)
      reply.header('server-timing', toServerTiming(reply.elapsedTime, answer.timings))
      return answer
    },
  )
}

function toServerTiming(totalMs: number, { recommenderMs, scoringMs }: Recommendations['timings']): string {
  const part = (name: string, ms: number | undefined) => (ms === undefined ? '' : `, ${name};dur=${ms.toFixed(2)}`)
  return `total;dur=${totalMs.toFixed(2)}${part('recommender', recommenderMs)}${part('scoring', scoringMs)}`
}

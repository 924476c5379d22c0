// What a user may like, why, and where the time went.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Recommendations } from '../../clients/recommender/recommender.ts'
import { renderRecommendations } from '../../http/recommendations-json.ts'
import { RecommendationsAnswer, RecommendationsPath, RecommendationsQuery } from './schemas.ts'

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
      // Its items are JSON already; what else this route may answer is not.
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

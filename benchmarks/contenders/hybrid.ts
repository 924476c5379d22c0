// The hybrid as tutorials show it: a Fastify route that makes one unary call for each request. `node hybrid.ts PORT GRPC_ADDRESS`.
import { promisify } from 'node:util'
import { credentials } from '@grpc/grpc-js'
import fastify from 'fastify'
import { RecommendationsAnswer } from '../../gateway_node/src/features/recommendations/routes.ts'
import {
  RecommenderServiceClient,
  type RecommendRequest,
  type RecommendResponse,
} from '../../gateway_node/src/gen/whynotboth/v1/recommender.ts'

type Route = { Params: { userId: string }; Querystring: { limit: number } }

const [port = '', address = ''] = process.argv.slice(2)
const client = new RecommenderServiceClient(address, credentials.createInsecure(), { 'grpc.enable_http_proxy': 0 })
const recommend = promisify<RecommendRequest, RecommendResponse>(client.recommend.bind(client))

const app = fastify()
const querystring = {
  type: 'object',
  properties: { limit: { type: 'integer', minimum: 1, maximum: 100, default: 10 } },
}
const schema = { querystring, response: { 200: RecommendationsAnswer } }

app.get<Route>('/v1/users/:userId/recommendations', { schema }, async ({ params, query }) => {
  const { items, ...answer } = await recommend({ userId: params.userId, limit: query.limit })
  const flat = items.map(({ item, ...rest }) => ({ ...item, year: item?.year ?? null, ...rest }))
  return { ...answer, source: 'model', degraded: false, items: flat }
})
app.get('/readyz', async () => {
  await recommend({ userId: '1', limit: 1 })
  return {}
})
await app.listen({ host: '127.0.0.1', port: Number(port) })

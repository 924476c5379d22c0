// The limit: Fastify sends the same bytes from memory. `node limit.ts PORT ANSWERS [hooks]`. ANSWERS is a JSON file with bodies by user.
// With `hooks`, the gateway's own plugins validate, sign in, trace, time and count each request.
import { readFileSync } from 'node:fs'
import fastify, { type FastifyReply } from 'fastify'
import { readConfig } from '../../gateway_node/src/config.ts'
import { NewInteraction } from '../../gateway_node/src/features/interactions/service.ts'
import { RecommendationsPath, RecommendationsQuery } from '../../gateway_node/src/features/recommendations/routes.ts'
import { authPlugin } from '../../gateway_node/src/http/authentication.ts'
import { createLoad, loadSheddingPlugin } from '../../gateway_node/src/http/load-shedding.ts'
import { problemPlugin } from '../../gateway_node/src/http/problem.ts'
import { headersPlugin } from '../../gateway_node/src/http/security-headers.ts'
import { serverOptions } from '../../gateway_node/src/http/server.ts'
import { telemetryPlugin } from '../../gateway_node/src/http/telemetry.ts'

type UserPath = { Params: { userId: string } }

const [port = '', answersFile = '', hooks] = process.argv.slice(2)
const answers: Record<string, string> = JSON.parse(readFileSync(answersFile, 'utf8'))
const hasHooks = hooks === 'hooks'
const config = readConfig()
const accepted = JSON.stringify({ interactionId: 'none', offset: null })

const load = createLoad()
const app = fastify(hasHooks ? serverOptions(config, load) : {})
app.decorate('config', config)
if (hasHooks) await app.register(problemPlugin)
if (hasHooks) await app.register(headersPlugin)
if (hasHooks) await app.register(loadSheddingPlugin, { load })
if (hasHooks) await app.register(authPlugin)
if (hasHooks) await app.register(telemetryPlugin, { load })

const answer = (reply: FastifyReply, body: string | undefined) =>
  reply.header('content-type', 'application/json; charset=utf-8').send(body)

const asked = hasHooks ? { params: RecommendationsPath, querystring: RecommendationsQuery } : {}
app.get<UserPath>(
  '/v1/users/:userId/recommendations',
  { schema: asked, config: { access: ['owner', 'operator'] } },
  (request, reply) => {
    if (hasHooks) reply.header('server-timing', `total;dur=${reply.elapsedTime.toFixed(2)}`)
    answer(reply, answers[request.params.userId])
  },
)
app.post(
  '/v1/interactions',
  { schema: hasHooks ? { body: NewInteraction } : {}, config: { access: ['owner'] } },
  (_request, reply) => {
    answer(reply.code(202), accepted)
  },
)
app.get('/readyz', { config: { access: ['anyone'] } }, (_request, reply) => answer(reply, '{}'))
await app.listen({ host: '127.0.0.1', port: Number(port) })

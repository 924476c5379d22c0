// The service in Fastify: `node fastify-server.ts PORT PROCESSES`.
import cluster from 'node:cluster'
import { setTimeout } from 'node:timers/promises'
import fastify from 'fastify'

type ItemRoute = { Params: { id: number }; Querystring: { waitMs: number } }

const params = { type: 'object', properties: { id: { type: 'integer' } } }
const querystring = { type: 'object', properties: { waitMs: { type: 'integer', default: 0 } } }
const item = {
  type: 'object',
  properties: { id: { type: 'integer' }, name: { type: 'string' }, price: { type: 'number' } },
}

const app = fastify()

app.get<ItemRoute>('/items/:id', { schema: { params, querystring, response: { 200: item } } }, async (request) => {
  const { id } = request.params
  if (request.query.waitMs > 0) await setTimeout(request.query.waitMs)
  return { id, name: `Item ${id}`, price: 9.5 }
})

app.get('/readyz', async () => ({}))

const [port = 0, processes = 1] = process.argv.slice(2).map(Number)
if (cluster.isPrimary && processes > 1) for (let started = 0; started < processes; started += 1) cluster.fork()
else await app.listen({ host: '127.0.0.1', port })

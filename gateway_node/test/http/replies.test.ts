import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import type { RouteHandler } from 'fastify'
import { buildApp } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { AppError } from '../../src/errors.ts'
import { FakeBroker, FakeRecommender } from '../fakes.ts'
import { demo } from '../sign-in.ts'

async function openWith(t: TestContext, handler: RouteHandler) {
  const config = readConfig({ ...demo, LOG_LEVEL: 'error', GATEWAY_PORT: '0' })
  const app = await buildApp(config, { broker: new FakeBroker(), recommender: new FakeRecommender() })
  t.after(() => app.close())
  app.get('/tried', { config: { access: ['anyone'] } }, handler)
  return app
}

/** Handlers in the forms that Fastify's documentation shows. */
const handlers: Record<string, RouteHandler> = {
  'sends and returns nothing': (_request, reply) => {
    reply.send('answer')
  },
  'sends later and returns nothing': (_request, reply) => {
    setImmediate(() => reply.send('answer'))
  },
  'is async, sends and returns nothing': async (_request, reply) => {
    reply.send('answer')
  },
  'is async, waits, sends and returns nothing': async (_request, reply) => {
    await Promise.resolve()
    reply.send('answer')
  },
  'is async and returns the reply that it sent': async (_request, reply) => reply.send('answer'),
  'returns its answer': async () => 'answer',
  'sends a stream and returns nothing': (_request, reply) => {
    reply.send(Readable.from(['ans', 'wer']))
  },
  'is async and returns a stream': async () => Readable.from(['ans', 'wer']),
}

for (const [what, handler] of Object.entries(handlers))
  test(`a handler that ${what} sends its answer`, async (t) => {
    const app = await openWith(t, handler)

    const { statusCode, body } = await app.inject('/tried')

    assert.deepEqual([statusCode, body], [200, 'answer'])
  })

const causes = {
  'a hook fails while an answer is sent': async () => 'answer',
  'a hook fails while a refusal is sent': async () => {
    throw new AppError('ITEM_UNKNOWN', 'No item 1.')
  },
}

for (const [what, handler] of Object.entries(causes))
  test(`when ${what}, the caller gets a problem without internal details`, async (t) => {
    const app = await openWith(t, handler)
    app.addHook('onSend', async (request) => {
      if (request.url === '/tried') throw new TypeError('secret inside')
    })

    const { statusCode, headers, body } = await app.inject('/tried')

    assert.deepEqual([statusCode, headers['content-type']], [500, 'application/problem+json'])
    assert.deepEqual([JSON.parse(body).reason, body.includes('secret')], ['INTERNAL', false])
  })

test('an answer with an invalid header becomes a problem', async (t) => {
  const app = await openWith(t, (_request, reply) => reply.header('x-broken', 'a\nb').send('answer'))

  const answer = await app.inject('/tried')

  assert.deepEqual([answer.statusCode, answer.json().reason], [500, 'INTERNAL'])
})

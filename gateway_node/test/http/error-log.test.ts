import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import type { RouteHandler } from 'fastify'
import { buildApp } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { AppError } from '../../src/errors.ts'
import { FakeBroker, FakeRecommender } from '../fakes.ts'
import { demo } from '../sign-in.ts'

/** Open an app with one route; `lines` holds the warnings and errors that its requests log. */
async function openLogged(t: TestContext, handler: RouteHandler) {
  const config = readConfig({ ...demo, LOG_LEVEL: 'error', GATEWAY_PORT: '0' })
  const app = await buildApp(config, { broker: new FakeBroker(), recommender: new FakeRecommender() })
  t.after(() => app.close())
  const lines: string[] = []
  const log = ({ err }: { err: Error }, message: string) => void lines.push(`${message}: ${err.message}`)
  app.addHook('onRequest', async (request) => {
    request.log = Object.assign(Object.create(request.log), { warn: log, error: log })
  })
  app.get('/tried', { config: { access: ['anyone'] } }, handler)
  return { app, lines }
}

test('a hook that fails while a refusal is sent is logged once', async (t) => {
  const { app, lines } = await openLogged(t, async () => {
    throw new AppError('ITEM_UNKNOWN', 'No item 1.')
  })
  app.addHook('onSend', async () => {
    throw new TypeError('a bug in a hook')
  })

  await app.inject('/tried')

  assert.deepEqual(lines, ['answer failed because of a bug: a bug in a hook'])
})

test('the cause is logged when the stream of an answer fails', async (t) => {
  async function* parts() {
    yield 'first'
    throw new AppError('RECOMMENDER_UNAVAILABLE', 'The recommender is gone.')
  }
  const { app, lines } = await openLogged(t, async () => Readable.from(parts()))

  await assert.rejects(app.inject('/tried'))

  assert.deepEqual(lines, ['answer broken off: The recommender is gone.'])
})

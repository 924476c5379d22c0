import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { buildTestApp } from '../../build-app.ts'
import { signed } from '../../sign-in.ts'
import { exportRequested } from '../jobs/job-facts.ts'

async function ask(app: FastifyInstance, url: string) {
  return (await app.inject(await signed(app, { url }))).json()
}

test('the figures hold the name, the requests and the readers of this gateway', async (t) => {
  const { app, broker } = await buildTestApp(t, { GATEWAY_NAME: 'gateway-7' })
  const requested = exportRequested('a')
  broker.append('job-events', requested)
  await app.jobsLog.waitFor(requested.messageId, 1000)
  await ask(app, '/v1/items/1')
  await ask(app, '/v1/items/none')

  const stats = await ask(app, '/v1/stats')

  assert.deepEqual([stats.gateway, stats.breaker], ['gateway-7', 'closed'])
  assert.equal(stats.routes['GET /v1/items/:itemId'].count, 2)
  assert.equal(stats.routes['GET /v1/items/:itemId'].errors, 0)
  assert.deepEqual(stats.readers, {
    interactions: { attached: true, offset: null },
    jobs: { attached: true, offset: 0 },
  })
})

test('an answer with a status of 500 or more counts as an error', async (t) => {
  const { app, recommender } = await buildTestApp(t)
  recommender.fail('RECOMMENDER_UNAVAILABLE')
  await ask(app, '/v1/items/1')

  const { routes } = await ask(app, '/v1/stats')

  assert.equal(routes['GET /v1/items/:itemId'].errors, 1)
})

test('readers that have lost the broker are shown as not attached', async (t) => {
  const { app, broker } = await buildTestApp(t)
  broker.disconnect()

  const { readers } = await ask(app, '/v1/stats')

  assert.deepEqual([readers.interactions.attached, readers.jobs.attached], [false, false])
})

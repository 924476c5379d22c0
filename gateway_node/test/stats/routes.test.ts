import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildTestApp } from '../build-app.ts'
import { exportRequested } from '../jobs/job-facts.ts'
import { LiveClient } from '../live/live-client.ts'

test('the figures are of this gateway: its name, its requests, its sockets, its readers', async (t) => {
  const { app, broker } = await buildTestApp(t, { GATEWAY_NAME: 'gateway-7' })
  await LiveClient.open(app)
  const requested = exportRequested('a')
  broker.append('job-events', requested)
  await app.jobsLog.waitFor(requested.messageId, 1000)
  await app.inject('/v1/items/1')
  await app.inject('/v1/items/none')

  const stats = (await app.inject('/v1/stats')).json()

  assert.deepEqual([stats.gateway, stats.sockets, stats.breaker], ['gateway-7', 1, 'closed'])
  assert.equal(stats.routes['GET /v1/items/:itemId'].count, 2)
  assert.equal(stats.routes['GET /v1/items/:itemId'].errors, 0)
  assert.deepEqual(stats.readers, {
    interactions: { attached: true, offset: null },
    jobs: { attached: true, offset: 0 },
  })
})

test('an answer of 500 or more is an error', async (t) => {
  const { app, recommender } = await buildTestApp(t)
  recommender.fail('RECOMMENDER_UNAVAILABLE')
  await app.inject('/v1/items/1')

  const { routes } = (await app.inject('/v1/stats')).json()

  assert.equal(routes['GET /v1/items/:itemId'].errors, 1)
})

test('readers that have lost the broker are seen', async (t) => {
  const { app, broker } = await buildTestApp(t)
  broker.disconnect()

  const { readers } = (await app.inject('/v1/stats')).json()

  assert.deepEqual([readers.interactions.attached, readers.jobs.attached], [false, false])
})

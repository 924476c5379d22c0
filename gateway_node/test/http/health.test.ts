import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildTestApp } from '../build-app.ts'

test('a started gateway is alive and ready, and shows the state of broker and recommender', async (t) => {
  const { gateway } = await buildTestApp(t)

  const alive = await gateway.get('/healthz')
  const ready = await gateway.get('/readyz')

  assert.deepEqual([alive.status, ready.status], [200, 200])
  assert.deepEqual(ready.body.broker, { connected: true })
  assert.deepEqual(ready.body.recommender, { channel: 'READY', breaker: 'closed' })
})

test('a draining gateway is alive and not ready, and still answers', async (t) => {
  const { app, gateway } = await buildTestApp(t)

  app.drain()

  const statuses = await Promise.all(['/healthz', '/readyz', '/v1/items/1'].map((path) => gateway.get(path)))
  assert.deepEqual(
    statuses.map(({ status }) => status),
    [200, 503, 200],
  )
})

test('a draining gateway closes the connection after each answer', async (t) => {
  const { app, gateway } = await buildTestApp(t)

  const before = await gateway.get('/v1/items/1')
  app.drain()
  const after = await Promise.all(['/v1/items/1', '/v1/nowhere'].map((path) => gateway.get(path)))

  assert.notEqual(before.headers.connection, 'close')
  assert.deepEqual(
    after.map(({ headers }) => headers.connection),
    ['close', 'close'],
  )
})

test("a starting gateway isn't ready before it has reached broker and recommender", async (t) => {
  const { gateway, broker } = await buildTestApp(t)

  broker.disconnect()
  const without = await gateway.get('/readyz')
  broker.reconnect()
  const again = await gateway.get('/readyz')

  assert.deepEqual([without.status, without.body.reason, again.status], [503, 'SHUTTING_DOWN', 200])
})

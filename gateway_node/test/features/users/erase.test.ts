import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UserErased } from '../../../src/gen/whynotboth/v1/interactions.ts'
import { buildTestApp } from '../../build-app.ts'
import { tokenOf } from '../../sign-in.ts'

test('an erasure is accepted after the confirm, with its offset', async (t) => {
  const { gateway, broker } = await buildTestApp(t)

  const { status, body } = await gateway.erase('1')

  const [publication] = broker.published
  const { erasureId, userId, occurredAt } = UserErased.decode(publication?.body ?? new Uint8Array())
  assert.equal(status, 202)
  assert.deepEqual(body, { userId: '1', acceptedAt: occurredAt?.toISOString(), offset: 0 })
  assert.deepEqual([erasureId, userId], [publication?.messageId, '1'])
  assert.deepEqual([publication?.routingKey, publication?.type], ['interactions', 'whynotboth.v1.UserErased'])
})

test('an unknown user can be erased, also while the recommender is down', async (t) => {
  const { gateway, recommender } = await buildTestApp(t)
  recommender.fail('RECOMMENDER_UNAVAILABLE')

  const { status } = await gateway.erase('nobody knows')

  assert.equal(status, 202)
})

test('each request publishes one erasure', async (t) => {
  const { gateway, broker } = await buildTestApp(t)

  const offsets = [await gateway.erase('1'), await gateway.erase('1')].map(({ body }) => body.offset)

  assert.deepEqual(offsets, [0, 1])
  assert.notEqual(broker.published[0]?.messageId, broker.published[1]?.messageId)
})

test('without the broker no erasure is accepted', async (t) => {
  const { gateway, broker } = await buildTestApp(t)
  broker.disconnect()

  const { status, headers, body } = await gateway.erase('1')

  assert.deepEqual([status, headers['retry-after'], body.reason], [503, '1', 'BROKER_UNAVAILABLE'])
})

test('the offset of an erasure that the gateway did not see in time is null', async (t) => {
  const { gateway, broker } = await buildTestApp(t, { GATEWAY_READ_OWN_WRITE_MS: '10' })
  broker.append = () => 0

  const { status, body } = await gateway.erase('1')

  assert.deepEqual([status, body.offset], [202, null])
})

test("a viewer may erase only the viewer's own data", async (t) => {
  const { app, broker } = await buildTestApp(t)
  const headers = { authorization: `Bearer ${await tokenOf(app, '1')}` }

  const own = await app.inject({ method: 'DELETE', url: '/v1/users/1', headers })
  const other = await app.inject({ method: 'DELETE', url: '/v1/users/2', headers })

  assert.deepEqual([own.statusCode, other.statusCode, other.json().reason], [202, 403, 'ACCESS_DENIED'])
  assert.equal(broker.published.length, 1)
})

test('an erasure of an invalid id is refused', async (t) => {
  const { gateway, broker } = await buildTestApp(t)

  const { status, body } = await gateway.erase('a\u0000b')

  assert.deepEqual([status, body.reason], [400, 'REQUEST_INVALID'])
  assert.equal(broker.published.length, 0)
})

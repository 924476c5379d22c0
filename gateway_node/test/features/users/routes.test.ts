import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildTestApp } from '../../build-app.ts'

test('users are listed with the number of their interactions', async (t) => {
  const { gateway } = await buildTestApp(t)

  const { body } = await gateway.get('/v1/users')

  assert.deepEqual(body, { users: [{ userId: '1', interactionCount: 1 }] })
})

test('a history names the last offset of the log that it takes into account', async (t) => {
  const { gateway, recommender } = await buildTestApp(t)
  recommender.asOfOffset = 12

  const { body } = await gateway.get('/v1/users/1/interactions')

  const [interaction] = body.interactions as unknown[]
  assert.deepEqual(interaction, { interactionId: '1-1', itemId: '1', title: 'Film 1', rating: 4, occurredAt: null })
  assert.equal(body.asOfOffset, 12)
})

test('an unknown user is not found', async (t) => {
  const { gateway } = await buildTestApp(t)

  const { status, body } = await gateway.get('/v1/users/none')

  assert.deepEqual([status, body.reason], [404, 'USER_UNKNOWN'])
})

test('the history of a new user is an empty list', async (t) => {
  const { gateway } = await buildTestApp(t)

  const { status, body } = await gateway.get('/v1/users/none/interactions')

  assert.deepEqual([status, body.interactions], [200, []])
})

test('history pages are refused while the store is down', async (t) => {
  const { gateway, recommender } = await buildTestApp(t)
  recommender.fail('STORE_UNAVAILABLE')

  const { status, body } = await gateway.get('/v1/users/1/interactions')

  assert.deepEqual([status, body.reason], [503, 'STORE_UNAVAILABLE'])
})

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { InteractionRecorded } from '../../../src/gen/whynotboth/v1/interactions.ts'
import { buildTestApp } from '../../build-app.ts'

const rating = { userId: '1', itemId: '2', rating: 4.5 }

test('an interaction is accepted after the confirm, with its offset', async (t) => {
  const { gateway, broker } = await buildTestApp(t)

  const { status, body } = await gateway.rate(rating)

  const [publication] = broker.published
  const message = InteractionRecorded.decode(publication?.body ?? new Uint8Array())
  assert.equal(status, 202)
  assert.deepEqual(body, {
    ...rating,
    interactionId: publication?.messageId,
    acceptedAt: message.occurredAt?.toISOString(),
    offset: 0,
  })
  assert.deepEqual({ ...message, occurredAt: null }, { ...rating, interactionId: body.interactionId, occurredAt: null })
  assert.equal(publication?.routingKey, 'interactions')
})

test('without the broker no interaction is accepted', async (t) => {
  const { gateway, broker } = await buildTestApp(t)
  broker.disconnect()

  const { status, body } = await gateway.rate(rating)

  assert.deepEqual([status, body.reason], [503, 'BROKER_UNAVAILABLE'])
  assert.equal(broker.messagesOf('interactions').length, 0)
})

test('an interaction with an unknown item is refused and not published', async (t) => {
  const { gateway, broker } = await buildTestApp(t)

  const { status, body } = await gateway.rate({ ...rating, itemId: 'none' })

  assert.deepEqual([status, body.reason], [404, 'ITEM_UNKNOWN'])
  assert.equal(broker.published.length, 0)
})

for (const userId of ['a\u0000b', '\ud800']) {
  test(`an id with ${JSON.stringify(userId)} is refused`, async (t) => {
    const { gateway } = await buildTestApp(t)

    const { status, body } = await gateway.rate({ ...rating, userId })

    assert.deepEqual([status, body.reason], [400, 'REQUEST_INVALID'])
  })
}

test('while the recommender is down an interaction is accepted unchecked', async (t) => {
  const { gateway, recommender } = await buildTestApp(t)
  recommender.fail('RECOMMENDER_UNAVAILABLE')

  const { status } = await gateway.rate(rating)

  assert.equal(status, 202)
})

test('the same key and body make one interaction', async (t) => {
  const { gateway, broker } = await buildTestApp(t)
  const key = randomUUID()

  const first = await gateway.rate(rating, key)
  const again = await gateway.rate(rating, key)

  assert.deepEqual([again.status, again.body], [202, first.body])
  assert.equal(broker.published.length, 1)
})

test('the same key and body at the same time make one interaction', async (t) => {
  const { gateway, broker } = await buildTestApp(t)
  const key = randomUUID()

  const [first, twin] = await Promise.all([gateway.rate(rating, key), gateway.rate(rating, key)])

  assert.deepEqual(first.body, twin.body)
  assert.equal(broker.published.length, 1)
})

test('a used key with another body is refused', async (t) => {
  const { gateway } = await buildTestApp(t)
  const key = randomUUID()
  await gateway.rate(rating, key)

  const { status, body } = await gateway.rate({ ...rating, rating: 1 }, key)

  assert.deepEqual([status, body.reason], [409, 'IDEMPOTENCY_KEY_REUSED'])
})

test('a key that another replica received is known from the log', async (t) => {
  const first = await buildTestApp(t)
  const key = randomUUID()
  const { body } = await first.gateway.rate(rating, key)
  const second = await buildTestApp(t)
  const [publication] = first.broker.published
  assert.ok(publication)
  second.broker.append('interactions', publication)
  await second.app.interactionsLog.waitFor(publication.messageId, 1000)

  const again = await second.gateway.rate(rating, key)

  assert.deepEqual(again.body, body)
  assert.equal(second.broker.published.length, 0)
})

test('an undecodable message in the log stops nothing', async (t) => {
  const { gateway, app, broker } = await buildTestApp(t)
  const messageId = `${'0'.repeat(14)}5${'0'.repeat(21)}`
  broker.append('interactions', { type: 'unknown', messageId, body: new Uint8Array([255, 255, 255]) })
  await app.interactionsLog.waitFor(messageId, 1000)

  const { status } = await gateway.rate(rating)

  assert.equal(status, 202)
})

test('an offset that the gateway did not see in time is null', async (t) => {
  const { gateway, broker } = await buildTestApp(t, { GATEWAY_READ_OWN_WRITE_MS: '10' })
  broker.append = () => 0

  const { status, body } = await gateway.rate(rating)

  assert.deepEqual([status, body.offset], [202, null])
})

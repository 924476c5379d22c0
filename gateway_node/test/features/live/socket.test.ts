import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { test } from 'node:test'
import { InteractionRecorded } from '../../../src/gen/whynotboth/v1/interactions.ts'
import { buildTestApp } from '../../build-app.ts'
import { RawConnection } from '../../raw-connection.ts'
import { tokenOf } from '../../sign-in.ts'
import { LiveClient } from './live-client.ts'

test('hello is welcomed', async (t) => {
  const { app } = await buildTestApp(t)
  const client = await LiveClient.connect(app)

  const { sessionId } = await client.greet(await tokenOf(app))
  assert.match(sessionId, /^[0-9a-f-]{36}$/)
})

test('a ping is answered with its id', async (t) => {
  const { app } = await buildTestApp(t)
  const client = await LiveClient.open(app)

  client.send({ type: 'ping', id: 'p1' })

  assert.deepEqual(await client.take(() => true), { type: 'pong', replyTo: 'p1' })
})

test('the socket lives on after frames that can not be used', async (t) => {
  const { app } = await buildTestApp(t)
  const client = await LiveClient.open(app)

  client.socket.send('{')
  client.socket.send(Buffer.from([1, 2, 3]))
  client.send({ type: 'sing' })

  const errors = [await client.error(), await client.error(), await client.error()]
  assert.deepEqual(
    errors.map(({ reason }) => reason),
    Array(3).fill('FRAME_INVALID'),
  )
  assert.equal((await client.ask({ type: 'ping' })).type, 'pong')
})

test('a frame that was refused is answered under its id, where it has one', async (t) => {
  const { app } = await buildTestApp(t)
  const client = await LiveClient.open(app)

  client.send({ type: 'subscribe', id: 'no-topic' })
  client.send({ type: 'sing', id: 'no-such-type' })
  client.send({ type: 'sing', id: 7 })
  client.socket.send(Buffer.from('{"type":"ping","id":"binary"}'))

  const errors = [await client.error(), await client.error(), await client.error(), await client.error()]
  assert.deepEqual(
    errors.map(({ replyTo }) => replyTo),
    ['no-topic', 'no-such-type', null, null],
  )
})

test('the twentieth frame that can not be used closes with 1008', async (t) => {
  const { app } = await buildTestApp(t)
  const client = await LiveClient.open(app)

  for (let times = 0; times < 20; times += 1) client.socket.send('{')

  assert.equal(await client.closed, 1008)
})

test('a frame above 64 KiB closes with 1009', async (t) => {
  const { app } = await buildTestApp(t)
  const client = await LiveClient.open(app)

  client.send({ type: 'subscribe', topic: 'x'.repeat(65 * 1024) })

  assert.equal(await client.closed, 1009)
})

test('a bug closes with 1011 and tells nothing', async (t) => {
  const { app, broker, recommender } = await buildTestApp(t)
  recommender.getItem = async () => {
    throw new TypeError('secret')
  }
  const client = await LiveClient.open(app, { userId: '1' })

  client.send({ type: 'rate', id: 'r', itemId: '2', rating: 4 })

  const [code, reason] = await once(client.socket, 'close')
  assert.deepEqual([code, reason.toString()], [1011, 'The gateway failed.'])
  assert.equal(broker.published.length, 0)
})

test('an unknown topic is refused', async (t) => {
  const { app } = await buildTestApp(t)
  const client = await LiveClient.open(app)

  const answers = [await client.subscribe('weather'), await client.subscribe('users//recommendations')]

  assert.deepEqual(
    answers.map(({ reason }) => reason),
    ['TOPIC_UNKNOWN', 'TOPIC_UNKNOWN'],
  )
})

for (const userId of ['a\0b', '\ud800', 'x'.repeat(201)]) {
  test(`a topic of a user who can not be, such as ${JSON.stringify(userId).slice(0, 20)}, is refused`, async (t) => {
    const { app, recommender } = await buildTestApp(t)
    const client = await LiveClient.open(app)

    const { reason } = await client.subscribe(`users/${userId}/recommendations`)

    assert.equal(reason, 'TOPIC_UNKNOWN')
    assert.equal(recommender.calls.length, 0)
  })
}

test('a socket holds 100 subscriptions, and another one after giving one up', async (t) => {
  const { app } = await buildTestApp(t)
  const client = await LiveClient.open(app)
  for (let user = 0; user < 100; user += 1) await client.subscribe(`users/${user}/recommendations`)

  const refused = await client.subscribe('stats')
  await client.ask({ type: 'unsubscribe', topic: 'users/7/recommendations' })
  const accepted = await client.subscribe('stats')

  assert.deepEqual([refused.reason, refused.retryable], ['SUBSCRIPTIONS_EXHAUSTED', true])
  assert.equal(accepted.type, 'ack')
})

test('a rating is acknowledged when the broker has it', async (t) => {
  const { app, broker } = await buildTestApp(t)
  const client = await LiveClient.open(app, { userId: '1' })

  const answer = await client.ask({ type: 'rate', itemId: '5', rating: 4.5 })

  assert.equal(answer.type, 'ack')
  const { userId, itemId, rating } = InteractionRecorded.decode(broker.published[0]?.body ?? new Uint8Array())
  assert.deepEqual([userId, itemId, rating], ['1', '5', 4.5])
})

test('a rating of an unknown item is an error and is not published', async (t) => {
  const { app, broker } = await buildTestApp(t)
  const client = await LiveClient.open(app, { userId: '1' })

  const answer = await client.ask({ type: 'rate', itemId: randomUUID(), rating: 4 })

  assert.deepEqual([answer.type, answer.reason, broker.published.length], ['error', 'ITEM_UNKNOWN', 0])
})

test('without the broker a rating is refused as worth another try', async (t) => {
  const { app, broker } = await buildTestApp(t)
  const client = await LiveClient.open(app, { userId: '1' })
  broker.disconnect()

  const answer = await client.ask({ type: 'rate', itemId: '5', rating: 4 })

  assert.deepEqual([answer.reason, answer.retryable], ['BROKER_UNAVAILABLE', true])
})

test('a socket has 32 ratings under way, and another one after an ack', async (t) => {
  const { app, broker } = await buildTestApp(t)
  const client = await LiveClient.open(app, { userId: '1' })
  const confirm = Promise.withResolvers<void>()
  broker.publish = () => confirm.promise
  const rate = () => client.ask({ type: 'rate', itemId: '5', rating: 4 })
  const waiting = Array.from({ length: 32 }, rate)

  const refused = await rate()
  confirm.resolve()
  await Promise.all(waiting)
  const accepted = await rate()

  assert.deepEqual([refused.reason, refused.retryable], ['INTERACTIONS_EXHAUSTED', true])
  assert.equal(accepted.type, 'ack')
})

test('the contract describes every frame', async (t) => {
  const { app } = await buildTestApp(t)

  const { paths } = (await app.inject('/openapi.json')).json()

  const { client, server } = paths['/v1/live'].get['x-frames']
  assert.deepEqual(Object.keys(client), ['hello', 'subscribe', 'unsubscribe', 'rate', 'ping'])
  assert.deepEqual(Object.keys(server), ['welcome', 'event', 'ack', 'error', 'pong'])
  assert.equal(client.rate.properties.rating.maximum, 5)
})

test('a socket on which nobody says anything outlives the connections that stall', { timeout: 20_000 }, async (t) => {
  const { app } = await buildTestApp(t, { GATEWAY_STALLED_MS: '1000' })
  const client = await LiveClient.open(app)
  const stalled = await RawConnection.open(app)

  await stalled.untilClosed()

  assert.equal((await client.ask({ type: 'ping' })).type, 'pong')
})

test('the figures of a gateway count its sockets', async (t) => {
  const { app, gateway } = await buildTestApp(t)
  await LiveClient.open(app)
  await LiveClient.open(app)

  const { body } = await gateway.get('/v1/stats')

  assert.equal(body.sockets, 2)
})

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { Recommendations } from '../../../../src/clients/recommender/recommender.ts'
import { LiveClient } from '../live-client.ts'
import { listOf, openTopics } from './open-topics.ts'

test('a subscription to recommendations begins with the current list', async (t) => {
  const { client } = await openTopics(t)

  await client.subscribe(listOf('1'))

  const { data, offset } = await client.event(listOf('1'))
  assert.equal(offset, null)
  assert.deepEqual(Object.keys(data), ['userId', 'modelVersion', 'source', 'degraded', 'items'])
  assert.deepEqual([data.userId, data.source, data.items.length], ['1', 'model', 10])
})

test('the first list takes into account every event of the user that this gateway has read', async (t) => {
  const { client, rate } = await openTopics(t)
  const offset = rate('1')

  await client.subscribe(listOf('1'))

  assert.equal((await client.event(listOf('1'))).offset, offset)
})

test('after the log began anew, no offset of the old log is asked for', async (t) => {
  const { client, broker, rate, questions } = await openTopics(t)
  rate('1')

  broker.replace()
  await client.subscribe(listOf('1'))
  await client.event(listOf('1'))

  assert.deepEqual(questions().at(-1)?.request, { userId: '1', limit: 10 })
})

test('a rating of the user pushes a list that takes it into account', async (t) => {
  const { client, rate, questions } = await openTopics(t)
  await client.subscribe(listOf('1'))
  await client.event(listOf('1'))

  rate('9')
  const offset = rate('1')

  const event = await client.event(listOf('1'))
  assert.equal(event.offset, offset)
  assert.deepEqual(questions().at(-1)?.request, { userId: '1', limit: 10, minInteractionOffset: offset })
  assert.equal(questions().length, 2)
})

test('ratings that arrive during a call become one more call, with the newest offset', async (t) => {
  const { client, recommender, rate, questions } = await openTopics(t)
  const recommend = recommender.recommend.bind(recommender)
  const gate = Promise.withResolvers<void>()
  recommender.recommend = async (request) => {
    const answer = await recommend(request)
    await gate.promise
    return answer
  }
  await client.subscribe(listOf('1'))

  const offsets = [rate('1'), rate('1'), rate('1')]
  await client.ask({ type: 'ping' })
  gate.resolve()
  await client.take(({ offset }) => offset === offsets.at(-1))

  assert.equal(questions().length, 2)
})

test('a second subscriber gets the list at once, without another call', async (t) => {
  const { app, client, questions } = await openTopics(t)
  await client.subscribe(listOf('1'))
  await client.event(listOf('1'))
  const second = await LiveClient.open(app)

  await second.subscribe(listOf('1'))

  assert.equal((await second.event(listOf('1'))).data.userId, '1')
  assert.equal(questions().length, 1)
})

test('an undecodable interaction stops nothing', async (t) => {
  const { broker, client, rate } = await openTopics(t)
  await client.subscribe(listOf('1'))
  await client.event(listOf('1'))

  broker.append('interactions', { type: 'unknown', messageId: randomUUID(), body: Buffer.from([0xff, 0xff]) })
  const offset = rate('1')

  assert.equal((await client.event(listOf('1'))).offset, offset)
})

test('an interaction of a user without subscribers causes no call', async (t) => {
  const { client, rate, questions } = await openTopics(t)
  await client.subscribe(listOf('1'))
  await client.event(listOf('1'))
  await client.ask({ type: 'unsubscribe', topic: listOf('1') })

  rate('1')
  await setImmediate()

  assert.equal(questions().length, 1)
})

test('a closed socket causes no further calls', async (t) => {
  const { app, client, rate, questions } = await openTopics(t)
  await client.subscribe(listOf('1'))
  await client.event(listOf('1'))

  client.socket.terminate()
  while (app.websocketServer.clients.size > 0) await setImmediate()
  rate('1')
  await setImmediate()

  assert.equal(questions().length, 1)
})

test('a failed call is an error frame, and the list follows when the recommender is back', async (t) => {
  const { client, recommender } = await openTopics(t)
  t.mock.timers.enable({ apis: ['setTimeout'] })
  recommender.fail('RECOMMENDER_UNAVAILABLE')
  await client.subscribe(listOf('1'))
  const error = await client.error()

  recommender.fail(null)
  await setImmediate()
  t.mock.timers.tick(1000)

  assert.deepEqual([error.reason, error.retryable, error.topic], ['RECOMMENDER_UNAVAILABLE', true, listOf('1')])
  assert.equal((await client.event(listOf('1'))).data.degraded, false)
})

test('a degraded list is pushed, and a fresh list follows', async (t) => {
  const { client, recommender } = await openTopics(t)
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const recommend = recommender.recommend.bind(recommender)
  recommender.recommend = async (request): Promise<Recommendations> => ({
    ...(await recommend(request)),
    degraded: true,
  })
  await client.subscribe(listOf('1'))
  const degraded = await client.event(listOf('1'))

  recommender.recommend = recommend
  await setImmediate()
  t.mock.timers.tick(1000)

  assert.deepEqual([degraded.data.degraded, (await client.event(listOf('1'))).data.degraded], [true, false])
})

test('a client that stops reading gets only the newest list when it reads again', async (t) => {
  const { app, client, recommender } = await openTopics(t)
  const lively = await LiveClient.open(app)
  const recommend = recommender.recommend.bind(recommender)
  const padding = 'x'.repeat(50_000)
  recommender.recommend = async (request) => ({
    ...(await recommend(request)),
    modelVersion: `${recommender.modelVersion} ${padding}`,
  })
  await client.subscribe(listOf('1'))
  await client.event(listOf('1'))
  await lively.subscribe(listOf('1'))
  client.socket.pause()

  const count = 400
  for (let version = 1; version <= count; version += 1) {
    recommender.switchModel(`v${version}`)
    await lively.take(({ data }) => data?.modelVersion.startsWith(`v${version} `))
  }
  client.socket.resume()
  await client.take(({ data }) => data?.modelVersion.startsWith(`v${count} `))

  const skipped = count - 1 - (await client.rest()).length
  assert.ok(skipped > 100, `only ${skipped} were skipped`)
})

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { Recommendations } from '../../../../src/clients/recommender/recommender.ts'
import { InteractionRecorded } from '../../../../src/gen/whynotboth/v1/interactions.ts'
import { buildTestApp } from '../../../build-app.ts'
import { exportRequested, jobFact } from '../../jobs/job-facts.ts'
import { LiveClient } from '../live-client.ts'

async function open(t: TestContext) {
  const { app, broker, recommender } = await buildTestApp(t)
  /** Append a rating as another gateway does. */
  const rate = (userId: string, itemId = '2') => {
    const interactionId = randomUUID()
    const fields = { interactionId, userId, itemId, rating: 4, occurredAt: new Date('2026-01-02T03:04:05Z') }
    const body = InteractionRecorded.encode(fields).finish()
    return broker.append('interactions', { type: 'whynotboth.v1.InteractionRecorded', messageId: interactionId, body })
  }
  const questions = () => recommender.calls.filter(({ method }) => method === 'recommend')
  return { app, broker, recommender, rate, questions, client: await LiveClient.open(app) }
}

const listOf = (userId: string) => `users/${userId}/recommendations`

test('a subscription to recommendations begins with the current list', async (t) => {
  const { client } = await open(t)

  await client.subscribe(listOf('1'))

  const { data, offset } = await client.event(listOf('1'))
  assert.equal(offset, null)
  assert.deepEqual(Object.keys(data), ['userId', 'modelVersion', 'source', 'degraded', 'items'])
  assert.deepEqual([data.userId, data.source, data.items.length], ['1', 'model', 10])
})

test('the first list takes into account every event of the user that this gateway has read', async (t) => {
  const { client, rate } = await open(t)
  const offset = rate('1')

  await client.subscribe(listOf('1'))

  assert.equal((await client.event(listOf('1'))).offset, offset)
})

test('after the log began anew, no offset of the old log is asked for', async (t) => {
  const { client, broker, rate, questions } = await open(t)
  rate('1')

  broker.replace()
  await client.subscribe(listOf('1'))
  await client.event(listOf('1'))

  assert.deepEqual(questions().at(-1)?.request, { userId: '1', limit: 10 })
})

test('a rating of the user pushes a list that takes it into account', async (t) => {
  const { client, rate, questions } = await open(t)
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
  const { client, recommender, rate, questions } = await open(t)
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

test('another model version pushes new lists and the model', async (t) => {
  const { client, recommender } = await open(t)
  for (const topic of [listOf('1'), listOf('2'), 'models']) await client.subscribe(topic)
  const before = await client.event('models')
  for (const topic of [listOf('1'), listOf('2')]) await client.event(topic)

  recommender.switchModel('20260202T000000Z-00000002')

  const after = await client.event('models')
  const lists = [await client.event(listOf('1')), await client.event(listOf('2'))]
  assert.deepEqual(
    [before.data.version, after.data.version],
    ['20260101T000000Z-00000001', '20260202T000000Z-00000002'],
  )
  assert.deepEqual(
    lists.map(({ data }) => data.modelVersion),
    Array(2).fill('20260202T000000Z-00000002'),
  )
})

test('a second subscriber gets the list at once, without another call', async (t) => {
  const { app, client, questions } = await open(t)
  await client.subscribe(listOf('1'))
  await client.event(listOf('1'))
  const second = await LiveClient.open(app)

  await second.subscribe(listOf('1'))

  assert.equal((await second.event(listOf('1'))).data.userId, '1')
  assert.equal(questions().length, 1)
})

test('an undecodable interaction stops nothing', async (t) => {
  const { broker, client, rate } = await open(t)
  await client.subscribe(listOf('1'))
  await client.event(listOf('1'))

  broker.append('interactions', { type: 'unknown', messageId: randomUUID(), body: Buffer.from([0xff, 0xff]) })
  const offset = rate('1')

  assert.equal((await client.event(listOf('1'))).offset, offset)
})

test('an interaction of a user without subscribers causes no call', async (t) => {
  const { client, rate, questions } = await open(t)
  await client.subscribe(listOf('1'))
  await client.event(listOf('1'))
  await client.ask({ type: 'unsubscribe', topic: listOf('1') })

  rate('1')
  await setImmediate()

  assert.equal(questions().length, 1)
})

test('a closed socket causes no further calls', async (t) => {
  const { app, client, rate, questions } = await open(t)
  await client.subscribe(listOf('1'))
  await client.event(listOf('1'))

  client.socket.terminate()
  while (app.websocketServer.clients.size > 0) await setImmediate()
  rate('1')
  await setImmediate()

  assert.equal(questions().length, 1)
})

test('a failed call is an error frame, and the list follows when the recommender is back', async (t) => {
  const { client, recommender } = await open(t)
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
  const { client, recommender } = await open(t)
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

test('activity begins with the newest events and goes on with later ones, without progress', async (t) => {
  const { app, broker, client, rate } = await open(t)
  const interaction = { kind: 'interaction.recorded', userId: '1', itemId: '2', at: '2026-01-02T03:04:05.000Z' }
  rate('1')
  await setImmediate()
  await client.subscribe('activity')

  const requested = exportRequested('a', new Date('2026-01-02T03:04:06Z'))
  broker.append('job-events', requested)
  broker.append('job-events', jobFact('JobProgressed', { jobId: 'a', attempt: 1, percent: 5 }))
  await app.jobsLog.waitFor(requested.messageId, 1000)

  const events = await client.rest()
  assert.deepEqual(
    events.map(({ data }) => data),
    [interaction, { kind: 'job.requested', jobId: 'a', at: '2026-01-02T03:04:06.000Z' }],
  )
})

test('activity is a sample under load, and a later subscriber gets the newest 50 events', async (t) => {
  const { app, client, rate } = await open(t)
  // The token bucket refills by this clock. It stands still here, so that a slow machine gets no more tokens.
  const startedAt = performance.now()
  t.mock.method(performance, 'now', () => startedAt)
  await client.subscribe('activity')
  for (let times = 0; times < 100; times += 1) rate(String(times))
  await setImmediate()
  const live = await client.rest()
  const late = await LiveClient.open(app)

  await late.subscribe('activity')

  const kept = await late.rest()
  assert.deepEqual([live.length, kept.length, kept[0]?.data.userId], [20, 50, '50'])
})

test('stats come at once and then each second, while a client is subscribed', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const { app, client } = await open(t)
  await client.subscribe('stats')
  const first = await client.event('stats')

  t.mock.timers.tick(1000)
  const second = await client.event('stats')
  await client.ask({ type: 'unsubscribe', topic: 'stats' })
  t.mock.timers.tick(5000)

  assert.deepEqual([first.data.sockets, second.data.gateway], [1, app.config.name])
  assert.deepEqual(await client.rest(), [])
})

test('a client that stops reading gets only the newest list when it reads again', async (t) => {
  const { app, client, recommender } = await open(t)
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

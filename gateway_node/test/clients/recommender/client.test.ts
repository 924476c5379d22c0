import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { ModelPromoted } from '../../../src/gen/whynotboth/v1/recommender.ts'
import { FakeRecommender } from '../../fakes.ts'
import { eventually, openClient, openClientOf } from './open-client.ts'
import { RecommenderServer } from './recommender-server.ts'
import { call, testRecommender } from './recommender-suite.ts'

const nextVersion = '20260202T000000Z-00000002'
const ask = { userId: '1', limit: 5 }

const within = (milliseconds: number) => ({ ...call, expiresAt: performance.now() + milliseconds })

testRecommender('fake recommender', async () => {
  const fake = new FakeRecommender()
  return { recommender: fake, fake }
})

testRecommender('gRPC client', openClient)

test('a call carries the ids of its request and reports its outcome', async (t) => {
  const { recommender, server, observed } = await openClient(t)

  await recommender.getItem('1', call)

  assert.equal(server.lastMetadata['x-request-id'], call.requestId)
  assert.equal(server.lastMetadata.traceparent, call.traceparent)
  assert.equal(observed.at(-1), '/whynotboth.v1.RecommenderService/GetItem OK')
})

test('a call is answered even if its metrics throw', async (t) => {
  const { recommender, observed } = await openClient(t)
  // From now on `push` throws.
  Object.freeze(observed)

  const item = await recommender.getItem('1', call)

  assert.equal(item.itemId, '1')
})

test('a call without an answer fails at its deadline', async (t) => {
  const { recommender, server } = await openClient(t)
  t.after(server.hold())

  const asking = recommender.getItem('1', within(50))

  await assert.rejects(asking, { reason: 'DEADLINE_EXCEEDED' })
})

test("a caller that joins a running call gets its answer after the first caller's deadline", async (t) => {
  const { recommender, server } = await openClient(t)
  const release = server.hold()
  const first = recommender.recommend(ask, within(50))
  const joined = recommender.recommend(ask, call)

  const { degraded } = await first
  release()

  assert.deepEqual([degraded, (await joined).degraded], [true, false])
})

test('requests at the same time are sent as one batch', async (t) => {
  const { recommender, server } = await openClient(t)
  const release = server.hold()

  const asking = Array.from({ length: 100 }, (_, index) =>
    recommender.recommend({ userId: `u${index}`, limit: 5 }, call),
  )
  release()
  const answers = await Promise.all(asking)

  assert.deepEqual(
    answers.map(({ userId }) => userId),
    Array.from({ length: 100 }, (_, index) => `u${index}`),
  )
  assert.deepEqual(
    server.batches.map(({ length }) => length),
    [100],
  )
})

test('a catalogue is sent once', async (t) => {
  const { recommender, server } = await openClient(t)

  for (const userId of ['a', 'b', 'c']) await recommender.recommend({ userId, limit: 5 }, call)

  assert.equal(server.cataloguesSent, 1)
})

test('the request of a client that has left is not sent, unless another client waits for the same', async (t) => {
  const { recommender, server } = await openClient(t)
  const left = { ...call, isAbandoned: () => true }

  const alone = recommender.recommend({ userId: 'alone', limit: 5 }, left)
  const joined = [left, call].map((caller) => recommender.recommend({ userId: 'joined', limit: 5 }, caller))
  await Promise.all([alone, ...joined])

  assert.deepEqual(
    server.batches.flat().map(({ userId }) => userId),
    ['joined'],
  )
})

test("a request that waits for an offset doesn't delay the others", async (t) => {
  const { recommender, server } = await openClient(t)

  const waiting = recommender.recommend({ ...ask, minInteractionOffset: 7 }, call)
  const other = await recommender.recommend({ userId: '2', limit: 5 }, call)
  server.reach(7)

  assert.equal(other.userId, '2')
  assert.equal((await waiting).asOfOffset, 7)
})

test("an offset that isn't reached in time fails with OFFSET_NOT_REACHED", async (t) => {
  const { recommender } = await openClient(t)

  const asking = recommender.recommend({ ...ask, minInteractionOffset: 7 }, within(1000))

  await assert.rejects(asking, { reason: 'OFFSET_NOT_REACHED' })
})

test('a new version in an answer is reported once', async (t) => {
  const { recommender, fake } = await openClient(t)
  const versions: string[] = []
  recommender.onModelVersion((version) => versions.push(version))

  fake.modelVersion = nextVersion
  await recommender.recommend(ask, call)
  await recommender.recommend({ ...ask, limit: 6 }, call)

  assert.deepEqual(versions, [nextVersion])
})

test('after a hint an idle gateway looks for the new version', async (t) => {
  const { recommender, fake, broker } = await openClient(t)
  const versions: string[] = []
  recommender.onModelVersion((version) => versions.push(version))

  fake.modelVersion = nextVersion
  const body = ModelPromoted.encode({ version: nextVersion, occurredAt: new Date() }).finish()
  const ids = { messageId: randomUUID(), type: 'whynotboth.v1.ModelPromoted' }
  await broker.publish({ exchange: 'models', routingKey: '', ...ids, body, mandatory: false })

  await t.waitFor(() => assert.deepEqual(versions, [nextVersion]), eventually)
})

test('while no recommender answers, users get their last-known list or the popular one, marked degraded', async (t) => {
  const { recommender, server } = await openClient(t)
  const before = await recommender.recommend(ask, call)
  server.stop()

  const known = await recommender.recommend({ ...ask, minInteractionOffset: 3 }, call)
  const popular = await recommender.recommend({ userId: 'new', limit: 4 }, call)

  assert.deepEqual([known.source, known.degraded, known.items], ['cache', true, before.items])
  assert.deepEqual([popular.source, popular.degraded, popular.items.length], ['fallback', true, 4])
  await assert.rejects(recommender.getItem('1', call), { reason: 'RECOMMENDER_UNAVAILABLE' })
})

test('the popular items are requested until they arrive', async (t) => {
  const server = new RecommenderServer()
  await server.start()
  t.after(() => server.stop())
  server.fake.fail('RECOMMENDER_OVERLOADED')
  const { recommender, observed } = await openClientOf(t, `127.0.0.1:${server.port}`)

  server.fake.fail(null)
  await t.waitFor(() => assert.equal(observed.length, 2), eventually)
  server.stop()

  const popular = await recommender.recommend({ userId: 'new', limit: 4 }, call)
  assert.deepEqual([popular.source, popular.degraded, popular.items.length], ['fallback', true, 4])
})

test('after unanswered calls no call is sent until the recommender is back', async (t) => {
  const { recommender, server } = await openClient(t)
  server.stop()

  for (let attempt = 0; attempt < 5; attempt += 1)
    await assert.rejects(recommender.getItem('1', call), { reason: 'RECOMMENDER_UNAVAILABLE' })
  assert.equal(recommender.state().breaker, 'open')

  await server.start(server.port)
  await t.waitFor(() => recommender.getItem('1', call), eventually)
  assert.equal(recommender.state().breaker, 'closed')
})

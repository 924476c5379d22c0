import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openClient } from './open-client.ts'
import { call } from './recommender-suite.ts'

const ask = { userId: '1', limit: 5 }

test('a repeated request is answered from the cache', async (t) => {
  const { recommender, server } = await openClient(t)

  const first = await recommender.recommend(ask, call)
  const second = await recommender.recommend(ask, call)

  assert.deepEqual([first.source, second.source], ['model', 'cache'])
  assert.deepEqual(second.items, first.items)
  assert.equal(server.batches.length, 1)
})

test('equal requests at the same time share one call', async (t) => {
  const { recommender, server } = await openClient(t)
  const release = server.hold()

  const asking = [recommender.recommend(ask, call), recommender.recommend(ask, call)]
  release()
  await Promise.all(asking)

  assert.equal(server.batches.length, 1)
})

test("an interaction drops only its user's answers", async (t) => {
  const { recommender, server, write } = await openClient(t)
  await recommender.recommend(ask, call)
  await recommender.recommend({ userId: '2', limit: 5 }, call)

  server.reach(await write('1', '3'))
  const own = await recommender.recommend(ask, call)
  const other = await recommender.recommend({ userId: '2', limit: 5 }, call)

  assert.equal(own.source, 'model')
  assert.equal(other.source, 'fallback')
  assert.equal(server.batches.length, 3)
})

test("an answer in flight while its user's interaction arrives is not kept", async (t) => {
  const { recommender, server, write } = await openClient(t)
  const release = server.hold()
  const early = recommender.recommend(ask, call)

  const offset = await write('1', '3')
  release()
  await early
  server.reach(offset)
  const late = await recommender.recommend(ask, call)

  assert.equal(late.source, 'model')
  assert.equal(late.asOfOffset, offset)
})

test("a request after an interaction doesn't share a call from before", async (t) => {
  const { recommender, server, write } = await openClient(t)
  const release = server.hold()
  const before = recommender.recommend(ask, call)

  await write('1', '3')
  const after = recommender.recommend(ask, call)
  release()
  await Promise.all([before, after])

  assert.equal(server.batches.flat().length, 2)
})

test("a cached answer isn't used for a later offset", async (t) => {
  const { recommender, server } = await openClient(t)
  server.reach(4)
  await recommender.recommend(ask, call)

  const seen = await recommender.recommend({ ...ask, minInteractionOffset: 4 }, call)
  server.reach(5)
  const unseen = await recommender.recommend({ ...ask, minInteractionOffset: 5 }, call)

  assert.deepEqual([seen.source, unseen.source], ['cache', 'model'])
})

test('a new model version drops every answer', async (t) => {
  const { recommender, fake } = await openClient(t)
  await recommender.recommend(ask, call)

  fake.modelVersion = '20260202T000000Z-00000002'
  await recommender.recommend({ userId: '2', limit: 5 }, call)
  const answer = await recommender.recommend(ask, call)

  assert.deepEqual([answer.source, answer.modelVersion], ['model', fake.modelVersion])
})

test("while the log isn't read, no answer comes from the cache", async (t) => {
  const { recommender, broker } = await openClient(t)
  await recommender.recommend(ask, call)

  broker.disconnect()
  const without = await recommender.recommend(ask, call)
  broker.reconnect()
  const again = await recommender.recommend(ask, call)

  assert.deepEqual([without.source, again.source], ['model', 'model'])
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { erasureOf } from '../../erasing.ts'
import { eventually, openClient } from './open-client.ts'
import { call } from './recommender-suite.ts'

const ask = { userId: '1', limit: 5 }

async function openErasable(t: Parameters<typeof openClient>[0]) {
  const client = await openClient(t)
  /** Append an erasure to the log, wait until the gateway has read it, and return its offset. */
  const tell = async (userId: string) => {
    const message = erasureOf(userId)
    client.broker.append('interactions', message)
    return (await client.log.waitFor(message.messageId, eventually.timeout)) ?? Number.NaN
  }
  /** The same, and the recommender has read it, too. */
  const erase = async (userId: string) => {
    const offset = await tell(userId)
    client.fake.histories.delete(userId)
    client.server.reach(offset)
  }
  return { ...client, tell, erase }
}

test("an erasure drops its user's cached answers", async (t) => {
  const { recommender, erase } = await openErasable(t)
  const before = await recommender.recommend(ask, call)

  await erase('1')
  const after = await recommender.recommend(ask, call)

  assert.deepEqual([before.source, after.source], ['model', 'fallback'])
})

test('while no recommender answers, an erased user gets the popular list', async (t) => {
  const { recommender, server, erase } = await openErasable(t)
  const before = await recommender.recommend(ask, call)

  await erase('1')
  server.stop()
  const after = await recommender.recommend(ask, call)

  assert.deepEqual([after.source, after.degraded], ['fallback', true])
  assert.notDeepEqual(after.items, before.items)
})

test("an answer in flight while its user's erasure arrives is not kept", async (t) => {
  const { recommender, server, tell } = await openErasable(t)
  const release = server.hold()
  const asking = recommender.recommend(ask, call)

  await tell('1')
  release()
  const early = await asking
  server.stop()
  const late = await recommender.recommend(ask, call)

  assert.deepEqual([early.source, late.source], ['model', 'fallback'])
})

test("a user's list from after the erasure is kept again", async (t) => {
  const { recommender, server, erase, write } = await openErasable(t)
  await erase('1')
  server.fake.histories.set('1', ['2'])
  server.reach(await write('1', '2'))

  const before = await recommender.recommend(ask, call)
  server.stop()
  const after = await recommender.recommend({ ...ask, limit: 4 }, call)

  assert.deepEqual([after.source, after.degraded], ['cache', true])
  assert.deepEqual(after.items, before.items.slice(0, 4))
})

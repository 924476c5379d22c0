import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { BinaryWriter } from '@bufbuild/protobuf/wire'
import { buildTestApp } from '../../build-app.ts'
import { erasureOf } from '../../erasing.ts'
import { LiveClient } from './live-client.ts'

const list = 'users/1/recommendations'

async function open(t: TestContext) {
  const { app, broker, recommender, gateway } = await buildTestApp(t)
  /** Append the erasure as another gateway does; the recommender has applied it. */
  const erase = (userId: string) => {
    recommender.histories.delete(userId)
    return broker.append('interactions', erasureOf(userId))
  }
  /** Hold back answers. The returned function releases them. */
  const hold = () => {
    const gate = Promise.withResolvers<void>()
    const recommend = recommender.recommend.bind(recommender)
    recommender.recommend = async (request) => {
      const answer = await recommend(request)
      await gate.promise
      return answer
    }
    return gate.resolve
  }
  return { app, broker, gateway, recommender, erase, hold, client: await LiveClient.open(app) }
}

test('an erasure pushes the list of an unknown user', async (t) => {
  const { client, erase, recommender } = await open(t)
  await client.subscribe(list)
  const before = await client.event(list)

  const offset = erase('1')

  const after = await client.event(list)
  assert.deepEqual([before.data.source, after.data.source, after.offset], ['model', 'fallback', offset])
  const request = { userId: '1', limit: 10, minInteractionOffset: offset }
  assert.deepEqual(recommender.calls.at(-1), { method: 'recommend', request })
})

test('a client that subscribes during the call for the new list does not get the old list', async (t) => {
  const { app, client, erase, hold } = await open(t)
  await client.subscribe(list)
  await client.event(list)
  const release = hold()
  const offset = erase('1')
  await setImmediate()

  const second = await LiveClient.open(app)
  await second.subscribe(list)
  release()

  const first = await second.event(list)
  assert.deepEqual([first.offset, first.data.source], [offset, 'fallback'])
})

test('a list from before the erasure is not pushed', async (t) => {
  const { client, erase, hold } = await open(t)
  const release = hold()
  await client.subscribe(list)

  const offset = erase('1')
  await setImmediate()
  release()

  assert.equal((await client.event(list)).offset, offset)
})

test('an erasure without a usable time still pushes the new list', async (t) => {
  const { client, broker } = await open(t)
  await client.subscribe(list)
  await client.event(list)
  const { body, ...erasure } = erasureOf('1')
  const endlessTime = new BinaryWriter().uint32(42).fork().uint32(8).int64(Number.MAX_SAFE_INTEGER).join().finish()

  const offset = broker.append('interactions', { ...erasure, body: Buffer.concat([body, endlessTime]) })

  assert.equal((await client.event(list)).offset, offset)
})

test('the activity drops the events of an erased user and shows the erasure', async (t) => {
  const { app, client, gateway, erase } = await open(t)
  for (const userId of ['1', '2']) await gateway.rate({ userId, itemId: '2', rating: 4 })
  erase('1')
  await setImmediate()

  const newcomer = await LiveClient.open(app)
  await newcomer.subscribe('activity')

  const events = (await newcomer.events('activity', 2)).map(({ data }) => [data.kind, data.userId])
  assert.deepEqual(events.sort(), [
    ['interaction.recorded', '2'],
    ['user.erased', '1'],
  ])
  assert.deepEqual(await client.rest(), [])
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listOf, openTopics } from './open-topics.ts'

test('another model version pushes new lists and the model', async (t) => {
  const { client, recommender } = await openTopics(t)
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

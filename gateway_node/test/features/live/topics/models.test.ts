import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { ModelPromoted } from '../../../../src/gen/whynotboth/v1/recommender.ts'
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

test('after a promotion the gateway asks for the model until the recommender has loaded the version', async (t) => {
  const { broker, client, recommender } = await openTopics(t)
  t.mock.timers.enable({ apis: ['setTimeout'] })
  await client.subscribe('models')
  await client.event('models')
  const version = '20260202T000000Z-00000002'
  const body = ModelPromoted.encode({ version, occurredAt: new Date() }).finish()
  const ids = { messageId: randomUUID(), type: 'whynotboth.v1.ModelPromoted' }

  await broker.publish({ exchange: 'models', routingKey: '', ...ids, body, mandatory: false })
  const before = await client.event('models')
  recommender.modelVersion = version
  await setImmediate()
  t.mock.timers.tick(1000)

  assert.notEqual(before.data.version, version)
  assert.equal((await client.event('models')).data.version, version)
})

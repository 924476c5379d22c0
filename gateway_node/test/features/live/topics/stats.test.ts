import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openTopics } from './open-topics.ts'

test('stats come at once and then each second, while a client is subscribed', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const { app, client } = await openTopics(t)
  await client.subscribe('stats')
  const first = await client.event('stats')

  t.mock.timers.tick(1000)
  const second = await client.event('stats')
  await client.ask({ type: 'unsubscribe', topic: 'stats' })
  t.mock.timers.tick(5000)

  assert.deepEqual([first.data.sockets, second.data.gateway], [1, app.config.name])
  assert.deepEqual(await client.rest(), [])
})

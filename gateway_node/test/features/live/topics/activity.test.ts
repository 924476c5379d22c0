import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { exportRequested, jobFact } from '../../jobs/job-facts.ts'
import { LiveClient } from '../live-client.ts'
import { openTopics } from './open-topics.ts'

test('activity begins with the newest events and goes on with later ones, without progress', async (t) => {
  const { app, broker, client, rate } = await openTopics(t)
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
  const { app, client, rate } = await openTopics(t)
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

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { topicNames } from '../../../src/features/live/topics.ts'
import { buildTestApp } from '../../build-app.ts'
import { exportRequested } from '../jobs/job-facts.ts'
import { LiveClient } from './live-client.ts'

type Outcomes = { own: string; others: string; operator: string }

/** The answer to the user whose id is in the topic, to another user, and to the operator. */
const expected: Record<string, Outcomes> = {
  'users/{userId}/recommendations': { own: 'ack', others: 'ACCESS_DENIED', operator: 'ack' },
  jobs: { own: 'ACCESS_DENIED', others: 'ACCESS_DENIED', operator: 'ack' },
  'jobs/{jobId}': { own: 'ACCESS_DENIED', others: 'ACCESS_DENIED', operator: 'ack' },
  activity: { own: 'ACCESS_DENIED', others: 'ACCESS_DENIED', operator: 'ack' },
  stats: { own: 'ack', others: 'ack', operator: 'ack' },
  models: { own: 'ACCESS_DENIED', others: 'ACCESS_DENIED', operator: 'ack' },
}

for (const topic of topicNames) {
  test(`the topic ${topic} accepts exactly the identities that the reference names`, async (t) => {
    const { app, broker } = await buildTestApp(t)
    const requested = exportRequested('a')
    broker.append('job-events', requested)
    await app.jobsLog.waitFor(requested.messageId, 1000)
    const name = topic.replace('{userId}', '1').replace('{jobId}', 'a')
    const subscribe = async (userId?: string) => {
      const client = await LiveClient.open(app, userId === undefined ? {} : { userId })
      const { type, reason } = await client.subscribe(name)
      return reason ?? type
    }

    const outcomes = { own: await subscribe('1'), others: await subscribe('2'), operator: await subscribe() }

    assert.deepEqual(outcomes, expected[topic])
  })
}

test('topics that hello resumes are refused as others are', async (t) => {
  const { app } = await buildTestApp(t)
  const client = await LiveClient.open(app, { userId: '1' })

  const { reason } = await client.subscribe('users/2/recommendations', 0)

  assert.equal(reason, 'ACCESS_DENIED')
})

test('the operator rates for nobody', async (t) => {
  const { app, broker } = await buildTestApp(t)
  const client = await LiveClient.open(app)

  const { reason } = await client.ask({ type: 'rate', itemId: '5', rating: 4 })

  assert.deepEqual([reason, broker.published.length], ['ACCESS_DENIED', 0])
})

test('nobody rates as somebody else', async (t) => {
  const { app, broker } = await buildTestApp(t)
  const client = await LiveClient.open(app, { userId: '1' })

  const { reason } = await client.ask({ type: 'rate', userId: '2', itemId: '5', rating: 4 })

  assert.deepEqual([reason, broker.published.length], ['FRAME_INVALID', 0])
})

test('a page that points its own name at the gateway opens no socket, although Host and Origin agree', async (t) => {
  const rebound = 'rebound.example:3000'
  const { app } = await buildTestApp(t)

  const opening = LiveClient.connect(app, { headers: { host: rebound }, origin: `http://${rebound}` })

  await assert.rejects(opening, /421/)
})

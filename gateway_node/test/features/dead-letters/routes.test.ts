import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { buildTestApp } from '../../build-app.ts'
import { deadLetter } from './dead-letter.ts'

async function openWithLetters(t: TestContext) {
  const { gateway, recommender } = await buildTestApp(t)
  recommender.deadLetters.set('a', deadLetter('a'))
  recommender.deadLetters.set('b', deadLetter('b', { jobId: null, kind: null, cause: null, error: null, diedAt: null }))
  return { gateway, recommender }
}

test('dead letters are listed without their bodies', async (t) => {
  const { gateway } = await openWithLetters(t)
  const { body: _, ...letter } = deadLetter('a')

  const { status, body } = await gateway.get('/v1/dead-letters?pageSize=1')

  assert.deepEqual([status, body], [200, { deadLetters: [letter] }])
})

test('a dead letter has its body in Base64, also if it is no valid message', async (t) => {
  const { gateway } = await openWithLetters(t)

  const { body } = await gateway.get('/v1/dead-letters/b')

  assert.deepEqual([body.jobId, body.error, body.body], [null, null, 'AID/'])
})

test('a replay returns the letter, and says whether the job is queued', async (t) => {
  const { gateway, recommender } = await openWithLetters(t)

  const { status, body } = await gateway.send({ method: 'POST', url: '/v1/dead-letters/a/replay' })

  assert.deepEqual([status, body.queued, recommender.deadLetters.has('a')], [200, true, false])
})

test('a dropped dead letter is returned once more, then it is unknown', async (t) => {
  const { gateway } = await openWithLetters(t)

  const { status, body } = await gateway.send({ method: 'DELETE', url: '/v1/dead-letters/b' })
  const again = await gateway.send({ method: 'DELETE', url: '/v1/dead-letters/b' })

  assert.deepEqual([status, body.deadLetterId], [200, 'b'])
  assert.deepEqual([again.status, again.body.reason], [404, 'DEAD_LETTER_UNKNOWN'])
})

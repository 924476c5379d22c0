import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { createBreaker } from '../../../src/clients/recommender/breaker.ts'
import { AppError } from '../../../src/errors.ts'

const succeed = async () => 'answer'
const failWith = (reason: 'RECOMMENDER_UNAVAILABLE' | 'RECOMMENDER_OVERLOADED' | 'USER_UNKNOWN') => async () => {
  throw new AppError(reason, 'The test fails it.')
}

/** A breaker after the given number of failures in a row. */
async function openBreaker(t: TestContext, failures: number, reason: Parameters<typeof failWith>[0]) {
  t.mock.timers.enable({ apis: ['Date'] })
  const breaker = createBreaker()
  for (let count = 0; count < failures; count += 1) await breaker.run(failWith(reason)).catch(() => {})
  return breaker
}

test('after five unanswered calls in a row the breaker rejects calls', async (t) => {
  const breaker = await openBreaker(t, 5, 'RECOMMENDER_UNAVAILABLE')
  const ask = t.mock.fn(succeed)

  await assert.rejects(breaker.run(ask), { reason: 'RECOMMENDER_UNAVAILABLE', retryAfterSeconds: 1 })

  assert.equal(breaker.state, 'open')
  assert.equal(ask.mock.callCount(), 0)
})

test('an answer between unanswered calls keeps the breaker closed', async (t) => {
  const breaker = await openBreaker(t, 4, 'RECOMMENDER_UNAVAILABLE')

  await breaker.run(succeed)
  await breaker.run(failWith('RECOMMENDER_UNAVAILABLE')).catch(() => {})

  assert.equal(breaker.state, 'closed')
})

test('after a second one call probes, and the others wait for its outcome', async (t) => {
  const breaker = await openBreaker(t, 5, 'RECOMMENDER_UNAVAILABLE')
  t.mock.timers.tick(1000)
  const { promise, resolve } = Promise.withResolvers<string>()
  const other = t.mock.fn(succeed)

  const probe = breaker.run(() => promise)
  const waiting = breaker.run(other)
  assert.equal(breaker.state, 'half-open')
  assert.equal(other.mock.callCount(), 0)
  resolve('answer')

  assert.deepEqual(await Promise.all([probe, waiting]), ['answer', 'answer'])
  assert.equal(breaker.state, 'closed')
})

test('a probe without an answer opens the breaker again', async (t) => {
  const breaker = await openBreaker(t, 5, 'RECOMMENDER_UNAVAILABLE')
  t.mock.timers.tick(1000)

  await assert.rejects(breaker.run(failWith('RECOMMENDER_UNAVAILABLE')))

  assert.equal(breaker.state, 'open')
})

for (const reason of ['RECOMMENDER_OVERLOADED', 'USER_UNKNOWN'] as const)
  test(`${reason} is an answer and leaves the breaker closed`, async (t) => {
    const breaker = await openBreaker(t, 20, reason)

    assert.equal(breaker.state, 'closed')
  })

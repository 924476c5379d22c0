import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { createSingleFlight } from '../../../src/clients/recommender/single-flight.ts'
import { AppError, type Reason } from '../../../src/errors.ts'

const caller = (milliseconds: number) => ({ expiresAt: performance.now() + milliseconds })
const patient = () => caller(60_000)

/** Equal requests. The test ends their calls. */
function openFlights() {
  const flights = createSingleFlight<{ expiresAt: number }, string>()
  const calls: { succeed: (answer: string) => void; fail: (reason: Reason) => void }[] = []
  function ask(asking: { expiresAt: number }) {
    return flights.run('user', 'question', asking, () => {
      const { promise, resolve, reject } = Promise.withResolvers<string>()
      calls.push({ succeed: resolve, fail: (reason) => reject(new AppError(reason, 'Why.')) })
      return promise
    })
  }
  return { ask, calls }
}

for (const reason of ['DEADLINE_EXCEEDED', 'OFFSET_NOT_REACHED'] as const) {
  test(`a call that ended with ${reason} at its first caller's deadline is repeated for callers with time left`, async () => {
    const { ask, calls } = openFlights()
    const first = ask(patient())
    const joined = [ask(patient()), ask(patient())]

    calls[0]?.fail(reason)
    await assert.rejects(first, { reason })
    await setImmediate()
    calls[1]?.succeed('answer')

    assert.deepEqual(await Promise.all(joined), ['answer', 'answer'])
    assert.equal(calls.length, 2)
  })
}

test("a caller whose deadline has passed doesn't repeat the call", async (t) => {
  const { ask, calls } = openFlights()
  const first = ask(patient())
  const joined = ask(caller(-1))
  t.after(() => first.catch(() => {}))

  calls[0]?.fail('DEADLINE_EXCEEDED')

  await assert.rejects(joined, { reason: 'DEADLINE_EXCEEDED' })
  assert.equal(calls.length, 1)
})

test('a joining caller with an earlier deadline is rejected at that deadline', async () => {
  const { ask, calls } = openFlights()
  const first = ask(patient())

  const joined = ask(caller(10))

  await assert.rejects(joined, { reason: 'DEADLINE_EXCEEDED' })
  calls[0]?.succeed('answer')
  assert.equal(await first, 'answer')
  assert.equal(calls.length, 1)
})

test('an error other than a deadline reaches every caller', async () => {
  const { ask, calls } = openFlights()
  const asking = [ask(patient()), ask(patient())]

  calls[0]?.fail('USER_UNKNOWN')

  const outcomes = await Promise.allSettled(asking)
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['rejected', 'rejected'],
  )
  assert.equal(calls.length, 1)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { createCoalescer } from '../../../src/clients/recommender/coalescer.ts'

const inTime = () => performance.now() + 30_000

/** A coalescer. The test ends its calls. */
function openCoalescer() {
  const calls: { requests: number[]; expiresAt: number; end: () => void }[] = []
  const ask = createCoalescer<number, number>((requests, expiresAt) => {
    const { promise, resolve } = Promise.withResolvers<Promise<number>[]>()
    calls.push({ requests, expiresAt, end: () => resolve(requests.map(async (request) => request * 2)) })
    return promise
  })
  /** Send `count` requests, each in its own tick. */
  async function askInTurn(count: number) {
    const asking: Promise<number>[] = []
    for (const request of range(count)) {
      asking.push(ask(request, inTime()))
      await setImmediate()
    }
    return asking
  }
  return { ask, askInTurn, calls, sizes: () => calls.map(({ requests }) => requests.length) }
}

const range = (length: number) => Array.from({ length }, (_, index) => index)

test('requests of one tick leave in one batch', async () => {
  const { ask, calls, sizes } = openCoalescer()

  const asking = range(10).map((request) => ask(request, inTime()))
  await setImmediate()
  calls[0]?.end()
  await Promise.all(asking)

  assert.deepEqual(sizes(), [10])
})

test('four calls run at once, waiting requests leave in batches of at most 256, and each caller gets its own answer', async () => {
  const { ask, askInTurn, calls, sizes } = openCoalescer()
  const asking = await askInTurn(4)
  asking.push(...range(300).map((request) => ask(request, inTime())))

  for (let index = 0; index < 6; index += 1) {
    calls[index]?.end()
    await setImmediate()
  }

  assert.deepEqual(sizes(), [1, 1, 1, 1, 256, 44])
  assert.deepEqual(
    await Promise.all(asking),
    [...range(4), ...range(300)].map((request) => request * 2),
  )
})

test('an expired request is rejected and never sent, even if its timer fires early', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { ask, askInTurn, calls, sizes } = openCoalescer()
  const first = await askInTurn(4)

  const late = ask(5, performance.now() + 20_000)
  t.mock.timers.tick(20_000)
  await assert.rejects(late, { reason: 'DEADLINE_EXCEEDED' })
  for (const call of calls) call.end()
  await Promise.all(first)
  await setImmediate()

  assert.deepEqual(sizes(), [1, 1, 1, 1])
})

test('an expired request is never sent, even if its timer fires late', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { ask, askInTurn, calls, sizes } = openCoalescer()
  const first = await askInTurn(4)

  const late = ask(5, performance.now() + 20_000)
  const now = performance.now()
  t.mock.method(performance, 'now', () => now + 20_000)
  for (const call of calls) call.end()
  await Promise.all(first)
  await setImmediate()

  assert.deepEqual(sizes(), [1, 1, 1, 1])
  t.mock.timers.tick(20_000)
  await assert.rejects(late, { reason: 'DEADLINE_EXCEEDED' })
})

test('a failed call rejects only its own requests', async () => {
  let isFirst = true
  const ask = createCoalescer<number, number>(async (requests) => {
    if (isFirst) {
      isFirst = false
      throw new Error('lost')
    }
    return requests.map(async (request) => request)
  })

  const lost = ask(1, inTime()).catch(({ message }: Error) => message)
  await setImmediate()
  const answered = ask(2, inTime())

  assert.deepEqual(await Promise.all([lost, answered]), ['lost', 2])
})

test('a batch has the latest deadline of its requests', async () => {
  const { ask, askInTurn, calls } = openCoalescer()
  const first = await askInTurn(4)
  const patient = performance.now() + 60_000

  const others = [ask(5, inTime()), ask(6, patient), ask(7, inTime())]
  for (const call of calls) call.end()
  await Promise.all(first)
  await setImmediate()
  calls[4]?.end()
  await Promise.all(others)

  assert.equal(calls[4]?.expiresAt, patient)
})

test('a request is rejected at once if no call has come back for most of its time left', async (t) => {
  const { ask, askInTurn, calls } = openCoalescer()
  const asking = await askInTurn(4)
  const now = performance.now()
  t.mock.method(performance, 'now', () => now + 1501)

  await assert.rejects(ask(5, now + 3501), { reason: 'RECOMMENDER_UNAVAILABLE' })
  const patient = ask(6, now + 3600)

  for (const call of calls) call.end()
  await Promise.all(asking)
  await setImmediate()
  calls[4]?.end()
  assert.equal(await patient, 12)
})

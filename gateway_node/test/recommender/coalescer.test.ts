import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCoalescer } from '../../src/recommender/coalescer.ts'

const deadlineMs = 30_000

/** A coalescer whose calls end when the test says so. */
function openCoalescer() {
  const calls: { requests: number[]; end: () => void }[] = []
  const ask = createCoalescer<number, number>((requests) => {
    const { promise, resolve } = Promise.withResolvers<Promise<number>[]>()
    calls.push({ requests, end: () => resolve(requests.map(async (request) => request * 2)) })
    return promise
  })
  return { ask, calls, sizes: () => calls.map(({ requests }) => requests.length) }
}

const range = (length: number) => Array.from({ length }, (_, index) => index)

test('four calls go at once, what waited in batches of at most 256, each caller has its own answer', async () => {
  const { ask, calls, sizes } = openCoalescer()
  const asking = range(304).map((request) => ask(request, deadlineMs))

  for (let index = 0; index < 6; index += 1) {
    calls[index]?.end()
    await Promise.all((calls[index]?.requests ?? []).map((request) => asking[request]))
  }

  assert.deepEqual(sizes(), [1, 1, 1, 1, 256, 44])
  assert.deepEqual(
    await Promise.all(asking),
    range(304).map((request) => request * 2),
  )
})

test('who waited beyond the deadline is answered, and not asked for', async () => {
  const { ask, calls, sizes } = openCoalescer()
  const first = range(4).map((request) => ask(request, deadlineMs))

  await assert.rejects(ask(5, 1), { reason: 'DEADLINE_EXCEEDED' })
  for (const call of calls) call.end()
  await Promise.all(first)

  assert.deepEqual(sizes(), [1, 1, 1, 1])
})

test('a failed call fails those in it alone', async () => {
  let isFirst = true
  const ask = createCoalescer<number, number>(async (requests) => {
    if (isFirst) {
      isFirst = false
      throw new Error('lost')
    }
    return requests.map(async (request) => request)
  })

  const [lost, answered] = await Promise.allSettled([ask(1, deadlineMs), ask(2, deadlineMs)])

  assert.deepEqual([lost.status, answered.status], ['rejected', 'fulfilled'])
})

test('more than can be answered in time is refused at once', async () => {
  const { ask, calls } = openCoalescer()
  const waiting = range(10_004).map((request) => ask(request, deadlineMs))

  await assert.rejects(ask(0, deadlineMs), { reason: 'RECOMMENDER_OVERLOADED' })

  for (let index = 0; index < calls.length; index += 1) {
    calls[index]?.end()
    await Promise.all((calls[index]?.requests ?? []).map((request) => waiting[request]))
  }
  assert.equal((await Promise.all(waiting)).length, 10_004)
})

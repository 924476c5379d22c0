// A recommender gets more requests than it can serve. The test controls the clock, so the counts are exact.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { createCoalescer } from '../../../src/clients/recommender/coalescer.ts'
import type { AppError } from '../../../src/errors.ts'

/** 2,000 requests a second. */
const capacityPerMs = 2
const deadlineMs = 2000
const offeredMs = 3000

type Counts = Record<'ANSWERED' | 'RECOMMENDER_OVERLOADED' | 'DEADLINE_EXCEEDED', number>

/**
 * A coalescer before a recommender that takes the same time for each request, one batch after the other. A tick of the gateway's event loop
 * takes `tickMs`: until it ends, neither requests nor answers are read.
 */
function openOverload(t: TestContext, servedPerMs = capacityPerMs, tickMs = 1) {
  let now = 0
  let freeAt = 0
  let served = 0
  t.mock.method(performance, 'now', () => now)
  t.mock.timers.enable({ apis: ['setTimeout'] })
  /** Resolve when the test's clock shows this time. */
  const until = (time: number) => new Promise<void>((done) => setTimeout(done, time - now))
  const ask = createCoalescer<number, number>(async (requests) => {
    served += requests.length
    freeAt = Math.max(now, freeAt) + requests.length / servedPerMs
    await until(freeAt)
    return requests.map(async (request) => request)
  })

  async function pass(milliseconds: number, eachTick = () => {}) {
    for (let passed = 0; passed < milliseconds; passed += tickMs) {
      eachTick()
      await setImmediate()
      now += tickMs
      t.mock.timers.tick(tickMs)
      await setImmediate()
    }
  }

  /** Send requests at an even rate (open loop), and count their outcomes. */
  async function offer(perMs: number): Promise<Counts> {
    const counts: Counts = { ANSWERED: 0, RECOMMENDER_OVERLOADED: 0, DEADLINE_EXCEEDED: 0 }
    const askOne = () =>
      ask(0, now + deadlineMs).then(
        () => (counts.ANSWERED += 1),
        ({ reason }: AppError) => (counts[reason as keyof Counts] += 1),
      )
    await pass(offeredMs, () => void Array.from({ length: perMs * tickMs }, askOne))
    await pass(deadlineMs)
    return counts
  }

  return { offer, served: () => served }
}

test('a load within the capacity is not refused', async (t) => {
  const { offer } = openOverload(t)

  const counts = await offer(capacityPerMs)

  assert.deepEqual(counts, {
    ANSWERED: capacityPerMs * offeredMs,
    RECOMMENDER_OVERLOADED: 0,
    DEADLINE_EXCEEDED: 0,
  })
})

for (const times of [2, 5, 10])
  test(`at ${times} times the capacity, four fifths of it are still served in time, and the rest is refused before it is sent`, async (t) => {
    const { offer, served } = openOverload(t)

    const counts = await offer(times * capacityPerMs)

    const offered = times * capacityPerMs * offeredMs
    assert.ok(counts.ANSWERED >= 0.8 * capacityPerMs * offeredMs, JSON.stringify(counts))
    assert.deepEqual([counts.DEADLINE_EXCEEDED, served()], [0, counts.ANSWERED])
    assert.equal(counts.ANSWERED + counts.RECOMMENDER_OVERLOADED, offered)
  })

for (const tickMs of [300, 600])
  test(`a gateway whose ticks take ${tickMs} ms still serves four fifths of the capacity in time`, async (t) => {
    const { offer } = openOverload(t, capacityPerMs, tickMs)

    const counts = await offer(5 * capacityPerMs)

    assert.ok(counts.ANSWERED >= 0.8 * capacityPerMs * offeredMs, JSON.stringify(counts))
  })

test('a slow recommender gets no more requests than it can answer in time', async (t) => {
  const slowPerMs = 0.2
  const { offer } = openOverload(t, slowPerMs)

  const counts = await offer(1)

  assert.ok(counts.ANSWERED >= 0.8 * slowPerMs * offeredMs, JSON.stringify(counts))
  assert.ok(counts.DEADLINE_EXCEEDED <= 0.05 * offeredMs, JSON.stringify(counts))
})

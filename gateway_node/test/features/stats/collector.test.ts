import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Collector } from '../../../src/features/stats/routes.ts'

test('percentiles are durations that were measured', () => {
  const collector = new Collector()
  for (let elapsedMs = 1; elapsedMs <= 100; elapsedMs += 1) collector.record('GET /', elapsedMs, false)

  const stats = collector.snapshot()['GET /']

  assert.deepEqual([stats?.count, stats?.p50Ms, stats?.p99Ms], [100, 50, 99])
})

test('requests and errors are counted by route', () => {
  const collector = new Collector()
  collector.record('GET /a', 1, false)
  collector.record('GET /b', 1, true)

  const stats = collector.snapshot()

  assert.deepEqual([stats['GET /a']?.errors, stats['GET /b']?.errors], [0, 1])
})

test('a route keeps its last 1,024 durations and counts every request', () => {
  const collector = new Collector()
  for (let times = 0; times < 1024; times += 1) collector.record('GET /', 500, false)
  for (let times = 0; times < 1024; times += 1) collector.record('GET /', 2, false)

  const stats = collector.snapshot()['GET /']

  assert.deepEqual([stats?.count, stats?.p99Ms], [2048, 2])
})

test('the rate is over the last ten seconds', (t) => {
  t.mock.timers.enable({ apis: ['Date'] })
  const collector = new Collector()
  for (let times = 0; times < 30; times += 1) collector.record('GET /', 1, false)

  const now = collector.snapshot()['GET /']?.perSecond
  t.mock.timers.tick(10_000)
  const later = collector.snapshot()['GET /']?.perSecond

  assert.deepEqual([now, later], [3, 0])
})

test('if the samples cover less than ten seconds, the rate is over the time that they cover', (t) => {
  t.mock.timers.enable({ apis: ['Date'] })
  const collector = new Collector()
  for (let times = 0; times < 5000; times += 1) {
    collector.record('GET /', 1, false)
    t.mock.timers.tick(1)
  }

  const rate = collector.snapshot()['GET /']?.perSecond ?? 0

  assert.ok(Math.abs(rate - 1000) < 10, `${rate} a second`)
})

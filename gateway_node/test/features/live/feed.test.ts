import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Feed } from '../../../src/features/live/feed.ts'
import { Outbox } from '../../../src/features/live/outbox.ts'
import { Lifetime } from '../../../src/features/live/subscriptions.ts'
import { FakeSink } from './fake-sink.ts'

function openFeed(capacity = 100) {
  const feed = new Feed(capacity)
  const add = (offset: number, jobId = 'a', size = 0) =>
    feed.add({ offset, jobId, json: JSON.stringify('x'.repeat(size)) })
  const attach = (position: number, jobId?: string) => {
    const sink = new FakeSink()
    const topic = jobId ? `jobs/${jobId}` : 'jobs'
    const lifetime = new Lifetime(topic)
    feed.attach({ topic, jobId, outbox: new Outbox(sink), position, lifetime })
    return { sink, detach: () => lifetime.end() }
  }
  return { feed, add, attach }
}

const offsetsOf = (sink: FakeSink) => sink.frames.map(({ offset }) => offset)

test('a reader gets what comes, in order', () => {
  const { feed, add, attach } = openFeed()
  add(0)
  const { sink } = attach(feed.end)

  for (const offset of [1, 2, 3]) add(offset)
  sink.readAll()

  assert.deepEqual(offsetsOf(sink), [1, 2, 3])
})

test('a reader that resumes gets what it missed and then what comes, without gap or repetition', () => {
  const { feed, add, attach } = openFeed()
  for (const offset of [10, 20, 30]) add(offset)
  const { sink } = attach(feed.positionAfter(10) ?? Number.NaN)

  add(40)
  sink.readAll()

  assert.deepEqual(offsetsOf(sink), [20, 30, 40])
})

test('a reader of one job gets only its events', () => {
  const { feed, add, attach } = openFeed()
  const { sink } = attach(feed.end, 'b')

  add(0, 'a')
  add(1, 'b')

  assert.deepEqual(offsetsOf(sink), [1])
})

test('resuming is possible from the last event that is gone, and from none before', () => {
  const { feed, add } = openFeed(2)
  for (const offset of [10, 20, 30, 40]) add(offset)

  assert.equal(feed.positionAfter(20), 2)
  assert.equal(feed.positionAfter(19), undefined)
})

test('a long way to catch up goes out in pieces that the socket has room for', () => {
  const { add, attach } = openFeed()
  for (let offset = 0; offset < 40; offset += 1) add(offset, 'a', 50 * 1024)
  const { sink } = attach(0)

  const buffered = sink.bufferedAmount
  sink.readAll()

  assert.ok(buffered <= 64 * 1024)
  assert.equal(sink.closeCode, undefined)
  assert.equal(sink.sent.length, 40)
})

test('events that come while a reader catches up wait for their turn', () => {
  const { add, attach } = openFeed()
  for (const offset of [0, 1]) add(offset, 'a', 50 * 1024)
  const { sink } = attach(0)

  add(2)
  sink.readAll()

  assert.deepEqual(offsetsOf(sink), [0, 1, 2])
})

test('a reader that was up to date and falls a mebibyte behind is closed with 1013', () => {
  const { feed, add, attach } = openFeed()
  const { sink } = attach(feed.end)

  for (let offset = 0; offset < 30; offset += 1) add(offset, 'a', 50 * 1024)

  assert.equal(sink.closeCode, 1013)
  assert.ok(sink.bufferedAmount <= 64 * 1024)
})

test('a reader that the ring has overtaken is closed with 1013', () => {
  const { feed, add, attach } = openFeed(3)
  const { sink } = attach(feed.end)

  for (let offset = 0; offset < 6; offset += 1) add(offset, 'a', 40 * 1024)

  assert.equal(sink.closeCode, 1013)
})

test('a slow reader holds no other one back', () => {
  const { feed, add, attach } = openFeed()
  attach(feed.end)
  const { sink: quick } = attach(feed.end)

  for (let offset = 0; offset < 5; offset += 1) {
    add(offset, 'a', 40 * 1024)
    quick.readAll()
  }

  assert.deepEqual(offsetsOf(quick), [0, 1, 2, 3, 4])
})

test('a reader that left gets nothing more', () => {
  const { feed, add, attach } = openFeed()
  const { sink, detach } = attach(feed.end)

  detach()
  add(0)

  assert.deepEqual(sink.sent, [])
})

test('when the log begins anew, each reader is told and goes on with the new one', () => {
  const { feed, add, attach } = openFeed()
  for (const offset of [0, 1]) add(offset)
  const { sink } = attach(feed.end)
  const told: string[] = []

  feed.restart((topic) => told.push(topic))
  add(0)

  assert.deepEqual(told, ['jobs'])
  assert.deepEqual(offsetsOf(sink), [0])
  assert.equal(feed.positionAfter(1), 3)
})

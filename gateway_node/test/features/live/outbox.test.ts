import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Outbox } from '../../../src/features/live/outbox.ts'
import { FakeSink } from './fake-sink.ts'

const kilobytes = (count: number) => 'x'.repeat(count * 1024)

function openOutbox() {
  const sink = new FakeSink()
  return { sink, outbox: new Outbox(sink) }
}

test('a reader that keeps up gets every latest value at once', () => {
  const { sink, outbox } = openOutbox()

  outbox.sendLatest('a', 'one')
  outbox.sendLatest('a', 'two')

  assert.deepEqual(sink.sent, ['one', 'two'])
})

test('a slow reader gets only the newest value of each topic', () => {
  const { sink, outbox } = openOutbox()
  outbox.send(kilobytes(64))
  for (const value of ['a1', 'a2', 'a3']) outbox.sendLatest('a', value)
  outbox.sendLatest('b', 'b1')

  sink.read()

  assert.deepEqual(sink.sent.slice(1), ['a3', 'b1'])
})

test('what is buffered counts together with what would come next', () => {
  const { sink, outbox } = openOutbox()
  outbox.send(kilobytes(40))

  outbox.sendLatest('a', kilobytes(40))

  assert.equal(sink.sent.length, 1)
})

test('a value that is larger than the room goes out when nothing else waits', () => {
  const { sink, outbox } = openOutbox()

  outbox.sendLatest('a', kilobytes(100))

  assert.equal(sink.sent.length, 1)
})

test('an older value never follows a newer one', () => {
  const { sink, outbox } = openOutbox()
  outbox.send(kilobytes(60))
  outbox.sendLatest('a', kilobytes(10))
  outbox.sendLatest('a', 'newer')

  sink.readAll()

  assert.deepEqual(sink.sent.slice(1), ['newer'])
})

test('what a forgotten topic held back is dropped', () => {
  const { sink, outbox } = openOutbox()
  outbox.send(kilobytes(64))
  outbox.sendLatest('a', 'one')

  outbox.forget('a')
  sink.readAll()

  assert.equal(sink.sent.length, 1)
})

test('a reader that leaves more than a mebibyte unread is closed with 1013', () => {
  const { sink, outbox } = openOutbox()

  for (let index = 0; index < 17; index += 1) outbox.send(kilobytes(64))

  assert.equal(sink.closeCode, 1013)
  assert.ok(sink.bufferedAmount <= 1024 * 1024)
})

test('nothing is sent after the closing', () => {
  const { sink, outbox } = openOutbox()
  outbox.closeTooSlow()

  outbox.send('late')
  outbox.sendLatest('a', 'late')

  assert.deepEqual(sink.sent, [])
})

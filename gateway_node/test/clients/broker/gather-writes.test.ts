import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { gatherWrites } from '../../../src/clients/broker/gather-writes.ts'

/** Notes what leaves in one piece. */
function openStream(highWaterMark?: number) {
  const pieces: string[] = []
  const stream = new Writable({
    highWaterMark,
    writev(chunks, done) {
      pieces.push(chunks.map(({ chunk }) => String(chunk)).join(''))
      done()
    },
  })
  gatherWrites(stream)
  return { stream, pieces }
}

test('what is written without a pause leaves in one piece, in its order', async () => {
  const { stream, pieces } = openStream()

  for (const text of ['a', 'b', 'c']) stream.write(text)
  await setImmediate()
  for (const text of ['d', 'e']) stream.write(text)
  await setImmediate()

  assert.deepEqual(pieces, ['abc', 'de'])
})

test('who writes more than the stream holds is told to wait, and when to go on', async () => {
  const { stream, pieces } = openStream(2)
  const drained = new Promise((resolve) => stream.once('drain', resolve))

  const accepted = ['a', 'b', 'c'].map((text) => stream.write(text))
  await drained

  assert.deepEqual([accepted, pieces], [[true, false, false], ['abc']])
})

test('what is written right before the end leaves as well', async () => {
  const { stream, pieces } = openStream()

  stream.write('a')
  stream.end('b')
  await setImmediate()

  assert.equal(pieces.join(''), 'ab')
})

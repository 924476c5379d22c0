import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { type ChannelModel, connect } from 'amqplib'
import { batchWrites, corkEachTick } from '../../../src/clients/broker/amqplib-socket.ts'
import { AmqpServer } from './amqp-server.ts'

/** A stream that keeps each piece in which its data leaves. */
function openStream(highWaterMark?: number) {
  const pieces: string[] = []
  const stream = new Writable({
    highWaterMark,
    writev(chunks, done) {
      pieces.push(chunks.map(({ chunk }) => String(chunk)).join(''))
      done()
    },
  })
  corkEachTick(stream)
  return { stream, pieces }
}

test('all writes of one tick leave in one piece, in order', async () => {
  const { stream, pieces } = openStream()

  for (const text of ['a', 'b', 'c']) stream.write(text)
  await setImmediate()
  for (const text of ['d', 'e']) stream.write(text)
  await setImmediate()

  assert.deepEqual(pieces, ['abc', 'de'])
})

test('a writer that fills the buffer gets false, and a drain event later', async () => {
  const { stream, pieces } = openStream(2)
  const drained = new Promise((resolve) => stream.once('drain', resolve))

  const accepted = ['a', 'b', 'c'].map((text) => stream.write(text))
  await drained

  assert.deepEqual([accepted, pieces], [[true, false, false], ['abc']])
})

test('a write right before the end of the stream leaves as well', async () => {
  const { stream, pieces } = openStream()

  stream.write('a')
  stream.end('b')
  await setImmediate()

  assert.equal(pieces.join(''), 'ab')
})

test('messages that amqplib publishes in one tick reach the broker in one piece', async (t) => {
  const server = await AmqpServer.start(t)
  const model = await connect(server.url)
  t.after(() => model.close())
  batchWrites(model)
  const channel = await model.createChannel()
  server.pieces = []

  for (const text of ['first', 'second', 'third']) channel.publish('', 'queue', Buffer.from(text))
  await t.waitFor(() => assert.ok(server.pieces.length > 0), { timeout: 20_000, interval: 5 })

  const [piece] = server.pieces.map(String)
  for (const text of ['first', 'second', 'third'])
    assert.ok(piece?.includes(text), 'amqplib no longer writes to `connection.stream`. Change amqplib-socket.ts.')
})

test('a connection of an amqplib that keeps its socket elsewhere is refused with the file to change', () => {
  const model = { connection: {} } as ChannelModel

  assert.throws(() => batchWrites(model), /connection\.stream.*amqplib-socket\.ts/)
})

// A broker that has just started sends nothing of a long stream until it has scanned it.
import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { ChannelModel } from 'amqplib'
import { StreamReader } from '../../../src/clients/broker/stream-reader.ts'

type Deliver = (delivery: unknown) => void

const last = {
  properties: { messageId: 'm-7', type: 'test', headers: { 'x-stream-offset': 7 } },
  fields: { deliveryTag: 1 },
  content: Buffer.alloc(0),
}

/** A connection to a stream that ends with message 7. */
class SlowStream {
  isReadable = true
  readonly #waiting: Deliver[] = []

  get connection(): ChannelModel {
    const createChannel = async () =>
      Object.assign(new EventEmitter(), {
        prefetch: async () => {},
        ack: () => {},
        cancel: async () => {},
        close: async () => {},
        consume: async (_name: string, deliver: Deliver) => {
          this.#waiting.push(deliver)
          if (this.isReadable) queueMicrotask(() => this.send())
          return { consumerTag: 'c' }
        },
      })
    return { createChannel, close: async () => {} } as unknown as ChannelModel
  }

  send() {
    for (const deliver of this.#waiting.splice(0)) deliver(last)
  }
}

test("a reader waits for a slow broker and doesn't restart", async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const stream = new SlowStream()
  let restarts = 0
  const handlers = { onMessage: () => {}, onRestart: () => (restarts += 1) }
  const reader = new StreamReader('log', 'first', { error: () => {} }, () => {})
  reader.open([handlers])
  await reader.attach(stream.connection)
  await setImmediate()
  stream.isReadable = false

  const attaching = reader.attach(stream.connection)
  await setImmediate()
  t.mock.timers.tick(5000)
  await setImmediate()
  stream.isReadable = true
  stream.send()
  await attaching

  assert.deepEqual([restarts, reader.lastOffset], [0, 7])
})

// The stream reader with a real RabbitMQ: retention, long streams, and messages of other clients.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, type TestContext, test } from 'node:test'
import { type ChannelModel, type ConfirmChannel, connect, type Options } from 'amqplib'
import type { LogMessage } from '../../../src/clients/broker/broker.ts'
import { StreamReader } from '../../../src/clients/broker/stream-reader.ts'
import { type RabbitMq, startRabbitMq, whyNoRabbitMq } from '../../rabbitmq.ts'

const skip = !process.env.CI && (whyNoRabbitMq ?? false)
/** A segment holds a few messages, and the stream about three segments. */
const tiny = { 'x-max-length-bytes': 3000, 'x-stream-max-segment-size-bytes': 1000 }
const waiting = { timeout: 20_000, interval: 20 }
let rabbitMq: RabbitMq

before(async () => {
  if (!skip) rabbitMq = await startRabbitMq()
})
after(() => rabbitMq?.stop())

async function openStream(t: TestContext, args: Options.AssertQueue['arguments'] = {}) {
  const opened: ChannelModel[] = []
  const reconnect = async () => {
    const connection = await connect(`amqp://guest:guest@${rabbitMq.host}:${rabbitMq.port}/`)
    opened.push(connection)
    return connection
  }
  const channel = await (await reconnect()).createConfirmChannel()
  const stream = `test-${randomUUID()}`
  await channel.assertQueue(stream, { durable: true, arguments: { 'x-queue-type': 'stream', ...args } })
  t.after(async () => {
    await channel.deleteQueue(stream)
    for (const connection of opened) await connection.close().catch(() => {})
  })
  return { channel, stream, reconnect }
}

async function publish(channel: ConfirmChannel, stream: string, options: Options.Publish = {}): Promise<string> {
  const messageId = randomUUID()
  channel.sendToQueue(stream, Buffer.alloc(150), { ...options, messageId })
  await channel.waitForConfirms()
  return messageId
}

/** A reader from the first message that keeps its messages and log lines. */
function record(stream: string) {
  const messages: LogMessage[] = []
  const told: unknown[] = []
  let restarts = 0
  const handlers = { onMessage: (message: LogMessage) => messages.push(message), onRestart: () => (restarts += 1) }
  const logger = { error: (_fields: object, text?: string) => told.push(text) }
  const reader = new StreamReader(stream, 'first', logger, () => {})
  reader.open([handlers])
  return { reader, messages, told, restarts: () => restarts }
}

test('a reader whose last message was removed by retention restarts and reads the rest', { skip }, async (t) => {
  const { channel, stream, reconnect } = await openStream(t, tiny)
  const { reader, messages, told, restarts } = record(stream)
  const connection = await reconnect()
  await reader.attach(connection)
  await reader.waitFor(await publish(channel, stream), 5000)
  await connection.close()

  const firstLeft = async () => {
    for (let count = 0; count < 20; count += 1) await publish(channel, stream)
    const other = record(stream)
    await other.reader.attach(await reconnect())
    await other.reader.close()
    return other.messages[0]?.offset ?? 0
  }
  await t.waitFor(async () => assert.ok((await firstLeft()) > 0), waiting)
  await reader.attach(await reconnect())
  const last = await publish(channel, stream)
  await reader.waitFor(last, 10_000)

  assert.equal(restarts(), 1)
  assert.deepEqual(told, ['stream no longer holds the last message read: starting over'])
  assert.ok(Number(messages[1]?.offset) > 0)
  assert.equal(messages.at(-1)?.messageId, last)
  await reader.close()
})

test('a reader has caught up only after it has read more messages than one prefetch', { skip }, async (t) => {
  const { channel, stream, reconnect } = await openStream(t)
  const { reader, messages } = record(stream)
  for (let count = 0; count < 2000; count += 1) channel.sendToQueue(stream, Buffer.alloc(1))
  await channel.waitForConfirms()

  await reader.attach(await reconnect())

  assert.deepEqual([reader.isCaughtUp, messages.length], [true, 2000])
  await reader.close()
})

test('a reader reads messages whose time is out of range', { skip }, async (t) => {
  const { channel, stream, reconnect } = await openStream(t)
  const { reader, messages } = record(stream)
  await reader.attach(await reconnect())
  const times = [253_402_300_800, 2 ** 63]

  const ids: string[] = []
  for (const value of times)
    ids.push(await publish(channel, stream, { timestamp: value, headers: { foreign: { '!': 'timestamp', value } } }))
  ids.push(await publish(channel, stream))
  await reader.waitFor(ids[2] ?? '', 5000)

  assert.deepEqual(
    messages.map(({ messageId }) => messageId),
    ids,
  )
  await reader.close()
})

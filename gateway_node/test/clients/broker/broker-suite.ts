// The behaviour of every broker, the real one and the fake.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import type { Broker, LogMessage, LogReader, LogStart, Publication } from '../../../src/clients/broker/broker.ts'

export type BrokerUnderTest = {
  broker: Broker
  /** The name of an empty stream. */
  stream: string
  disconnect: () => Promise<void> | void
  reconnect: () => Promise<void> | void
  /** Replace the stream by an empty one while the connection is lost. */
  replaceStream: () => Promise<void> | void
}

export type OpenBroker = (t: TestContext) => Promise<BrokerUnderTest>

const withinMs = 10_000
const waiting = { timeout: withinMs, interval: 5 }

export function publicationTo(stream: string, text = 'body'): Publication {
  const ids = {
    messageId: randomUUID(),
    correlationId: randomUUID(),
    traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
  }
  const body = new TextEncoder().encode(text)
  return { exchange: '', routingKey: stream, type: 'whynotboth.v1.InteractionRecorded', ...ids, body, mandatory: true }
}

/** A reader that keeps its messages and events. */
function record({ broker, stream }: BrokerUnderTest, from: LogStart) {
  const messages: LogMessage[] = []
  const happened: string[] = []
  const reader = broker.readStream(stream, from)
  reader.open([
    {
      onMessage: (message) => messages.push(message),
      onRestart: () => happened.push('restart'),
      onDetached: () => happened.push('detached'),
    },
  ])
  return { reader, messages, happened, ids: () => messages.map(({ messageId }) => messageId) }
}

async function publish({ broker, stream }: BrokerUnderTest, ...texts: string[]): Promise<string[]> {
  const publications = texts.map((text) => publicationTo(stream, text))
  for (const publication of publications) await broker.publish(publication)
  return publications.map(({ messageId }) => messageId)
}

const caughtUp = (t: TestContext, reader: LogReader) => t.waitFor(() => assert.ok(reader.isCaughtUp), waiting)

export function testBroker(name: string, open: OpenBroker, options: { skip?: string | false } = {}) {
  test(`${name}: a confirmed message reaches the reader with its body and its properties`, options, async (t) => {
    const under = await open(t)
    const { reader, messages } = record(under, 'first')
    const publication = publicationTo(under.stream, 'hello')

    await under.broker.publish(publication)
    const offset = await reader.waitFor(publication.messageId, withinMs)

    const [message] = messages
    assert.equal(offset, 0)
    assert.equal(reader.lastOffset, 0)
    assert.equal(new TextDecoder().decode(message?.body), 'hello')
    assert.ok(Math.abs(Date.now() - Number(message?.timestamp)) < 60_000)
    for (const field of ['type', 'messageId', 'correlationId', 'traceparent'] as const)
      assert.equal(message?.[field], publication[field])
  })

  test(`${name}: a reader from the first message catches up with earlier messages`, options, async (t) => {
    const under = await open(t)
    const ids = await publish(under, 'one', 'two', 'three')

    const { reader, ids: read } = record(under, 'first')
    await caughtUp(t, reader)

    assert.deepEqual(read(), ids)
  })

  test(`${name}: a reader from the next message doesn't receive earlier messages`, options, async (t) => {
    const under = await open(t)
    await publish(under, 'before')
    const { reader, ids: read } = record(under, 'next')
    await caughtUp(t, reader)

    const ids = await publish(under, 'after')
    await reader.waitFor(ids[0] ?? '', withinMs)

    assert.deepEqual(read(), ids)
  })

  test(`${name}: waiting for a message that doesn't arrive ends with null`, options, async (t) => {
    const { reader } = record(await open(t), 'first')

    const offset = await reader.waitFor(randomUUID(), 10)

    assert.equal(offset, null)
  })

  test(`${name}: publishing a message that no queue takes fails`, options, async (t) => {
    const { broker } = await open(t)

    const publishing = broker.publish(publicationTo(randomUUID()))

    await assert.rejects(publishing, { reason: 'BROKER_UNAVAILABLE' })
  })

  test(`${name}: without a broker, publishing fails and the reader is detached`, options, async (t) => {
    const under = await open(t)
    const { reader, happened } = record(under, 'first')
    await caughtUp(t, reader)

    await under.disconnect()
    await t.waitFor(() => assert.ok(!under.broker.isConnected && !reader.isAttached), waiting)

    await assert.rejects(under.broker.publish(publicationTo(under.stream)), { reason: 'BROKER_UNAVAILABLE' })
    assert.deepEqual(happened, ['detached'])
  })

  test(`${name}: a reader continues after its last message when the broker comes back`, options, async (t) => {
    const under = await open(t)
    const { reader, happened, ids: read } = record(under, 'first')
    const before = await publish(under, 'one', 'two')
    await reader.waitFor(before[1] ?? '', withinMs)

    await under.disconnect()
    await t.waitFor(() => assert.ok(!under.broker.isConnected), waiting)
    await under.reconnect()
    await t.waitFor(() => assert.ok(under.broker.isConnected), waiting)
    const after = await publish(under, 'three')
    await reader.waitFor(after[0] ?? '', withinMs)

    assert.deepEqual(read(), [...before, ...after])
    assert.ok(!happened.includes('restart'))
  })

  test(`${name}: a reader of a replaced stream restarts from its first message`, options, async (t) => {
    const under = await open(t)
    const { reader, happened, ids: read } = record(under, 'first')
    const before = await publish(under, 'one', 'two')
    await reader.waitFor(before[1] ?? '', withinMs)

    await under.disconnect()
    await t.waitFor(() => assert.ok(!under.broker.isConnected), waiting)
    await under.replaceStream()
    await under.reconnect()
    await t.waitFor(() => assert.ok(under.broker.isConnected), waiting)
    const after = await publish(under, 'three')
    const offset = await reader.waitFor(after[0] ?? '', withinMs)

    assert.equal(offset, 0)
    assert.deepEqual(happened, ['detached', 'restart'])
    assert.deepEqual(read(), [...before, ...after])
  })

  test(
    `${name}: each message reaches the followers in the order of their list, also after one throws`,
    options,
    async (t) => {
      const under = await open(t)
      const heard: string[] = []
      const reader = under.broker.readStream(under.stream, 'first')
      const cache = {
        onMessage: ({ offset }: LogMessage) => {
          heard.push(`cache ${offset}`)
          throw new TypeError('a bug')
        },
      }
      reader.open([cache, { onMessage: ({ offset }) => heard.push(`topic ${offset}`) }])

      const ids = await publish(under, 'one', 'two')
      await reader.waitFor(ids[1] ?? '', withinMs)

      assert.deepEqual(heard, ['cache 0', 'topic 0', 'cache 1', 'topic 1'])
    },
  )

  test(`${name}: a reader goes on after its listener throws`, options, async (t) => {
    const under = await open(t)
    const happened: string[] = []
    const fail = (event: string) => {
      happened.push(event)
      throw new TypeError('a bug')
    }
    const failing = {
      onMessage: () => fail('message'),
      onDetached: () => fail('detached'),
      onRestart: () => fail('restart'),
    }
    const reader = under.broker.readStream(under.stream, 'first')
    reader.open([failing])
    const before = await publish(under, 'one', 'two')
    await reader.waitFor(before[1] ?? '', withinMs)

    await under.disconnect()
    await t.waitFor(() => assert.ok(!under.broker.isConnected), waiting)
    await under.replaceStream()
    await under.reconnect()
    await t.waitFor(() => assert.ok(under.broker.isConnected), waiting)
    const after = await publish(under, 'three')

    assert.equal(await reader.waitFor(after[0] ?? '', withinMs), 0)
    assert.deepEqual(happened, ['message', 'message', 'detached', 'restart', 'message'])
  })

  test(`${name}: a hint reaches the other listeners if one throws`, options, async (t) => {
    const { broker } = await open(t)
    let hints = 0
    broker.onHint(() => {
      throw new TypeError('a bug')
    })
    broker.onHint(() => (hints += 1))

    await broker.publish({ ...publicationTo('', 'hint'), exchange: 'models', mandatory: false })

    await t.waitFor(() => assert.equal(hints, 1), waiting)
  })

  test(`${name}: a hint reaches each listener until it is removed`, options, async (t) => {
    const { broker } = await open(t)
    const hints: string[] = []
    const stop = broker.onHint((body) => hints.push(new TextDecoder().decode(body)))
    const hint = (text: string) => ({ ...publicationTo('', text), exchange: 'models', mandatory: false })

    await broker.publish(hint('first'))
    await t.waitFor(() => assert.deepEqual(hints, ['first']), waiting)
    stop()
    await broker.publish(hint('second'))

    assert.deepEqual(hints, ['first'])
  })
}

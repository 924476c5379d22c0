import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { createPublisher, maxUnconfirmed } from '../../../src/clients/broker/publisher.ts'
import { publicationTo } from './broker-suite.ts'
import { FakeChannel } from './fake-channel.ts'

const confirmTimeoutMs = 1000
const refused = { reason: 'BROKER_UNAVAILABLE', retryAfterSeconds: 1 }

/** A publisher with a connection. Timers fire only when the test says so. */
function open(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const channel = new FakeChannel()
  const publisher = createPublisher(confirmTimeoutMs, () => {})
  publisher.use(...channel.parts)
  const publish = (publication = publicationTo('interactions')) => publisher.publish(publication)
  return { publisher, publish, channel, passTimeout: () => t.mock.timers.tick(confirmTimeoutMs) }
}

test('two messages with one id both fail if no queue takes them', async (t) => {
  const { publish, channel } = open(t)
  const publication = publicationTo('nowhere')

  const outcomes = Promise.allSettled([publish(publication), publish(publication)])
  channel.returnAll()

  assert.deepEqual(
    (await outcomes).map(({ status }) => status),
    ['rejected', 'rejected'],
  )
})

test('a returned message is forgotten when its connection ends', async (t) => {
  const { publisher, publish, channel } = open(t)
  const publication = publicationTo('interactions')
  channel.parts[1].emit('return', { properties: publication })
  channel.end()
  const next = new FakeChannel()
  publisher.use(...next.parts)

  const publishing = publish(publication)
  next.confirmAll()

  await assert.doesNotReject(publishing)
})

test('nothing is published on a blocked connection until it is unblocked', async (t) => {
  const { publish, channel, passTimeout } = open(t)

  channel.connection.emit('blocked', 'low on memory')
  const blocked = publish()
  const given = channel.unsettled
  passTimeout()
  channel.connection.emit('unblocked')
  const unblocked = publish()
  channel.confirmAll()

  assert.equal(given, 0)
  await assert.rejects(blocked, { ...refused, message: /short of memory/ })
  await assert.doesNotReject(unblocked)
})

test("the connection after a blocked one isn't blocked", async (t) => {
  const { publisher, publish, channel } = open(t)
  channel.connection.emit('blocked', 'low on memory')
  channel.end()
  const next = new FakeChannel()
  publisher.use(...next.parts)

  const publishing = publish()
  next.confirmAll()

  await assert.doesNotReject(publishing)
})

test('unconfirmed messages stay limited while the broker is silent, however often callers time out', async (t) => {
  const { publisher, publish, channel, passTimeout } = open(t)
  for (let round = 0; round < 3; round += 1) {
    const outcomes = Promise.allSettled(Array.from({ length: maxUnconfirmed / 2 }, () => publish()))
    passTimeout()
    await outcomes
  }

  const oneMore = publish()
  passTimeout()

  await assert.rejects(oneMore, { ...refused, message: /too slowly/ })
  assert.deepEqual([channel.unsettled, publisher.unconfirmed], [maxUnconfirmed, maxUnconfirmed])
})

test('a late confirm frees a place for the next message', async (t) => {
  const { publisher, publish, channel, passTimeout } = open(t)
  const late = publish()
  passTimeout()
  await assert.rejects(late, refused)

  channel.confirmAll()

  assert.equal(publisher.unconfirmed, 0)
})

test('the end of the connection rejects waiting publications and resets the count', async (t) => {
  const { publisher, publish, channel } = open(t)
  const publishing = publish()

  channel.end()

  await assert.rejects(publishing, refused)
  await assert.rejects(publish(), { ...refused, message: /not connected/ })
  assert.equal(publisher.unconfirmed, 0)
})

test('flushing waits until the callers have their outcome, not for a silent broker', async (t) => {
  const { publisher, publish, passTimeout } = open(t)
  const late = assert.rejects(publish(), refused)

  const flushing = publisher.flush()
  passTimeout()

  await flushing
  await late
})

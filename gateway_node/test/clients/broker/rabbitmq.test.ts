// The client of the broker with a real RabbitMQ, behind a TCP proxy that can be cut.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { connect } from 'amqplib'
import { pino } from 'pino'
import { connectBroker } from '../../../src/clients/broker/connection.ts'
import { readDefinitions } from '../../../src/clients/broker/topology.ts'
import { readConfig } from '../../../src/config.ts'
import { type RabbitMq, startRabbitMq, whyNoRabbitMq } from '../../rabbitmq.ts'
import { demo } from '../../sign-in.ts'
import { startProxy } from '../../tcp-proxy.ts'
import { publicationTo, testBroker } from './broker-suite.ts'

const skip = !process.env.CI && (whyNoRabbitMq ?? false)
const confirmTimeoutMs = 1000
let rabbitMq: RabbitMq

before(async () => {
  if (!skip) rabbitMq = await startRabbitMq()
})
after(() => rabbitMq?.stop())

/** The stack's definitions, and a stream for one test. */
async function definitionsWith(t: TestContext, stream: string): Promise<string> {
  const definitions = readDefinitions(readConfig(demo).brokerDefinitions)
  const args = { 'x-queue-type': 'stream' }
  definitions.queues.push({ name: stream, durable: true, auto_delete: false, arguments: args })
  const folder = await mkdtemp(join(tmpdir(), 'definitions-'))
  t.after(() => rm(folder, { recursive: true }))
  const path = join(folder, 'definitions.json')
  await writeFile(path, JSON.stringify(definitions))
  return path
}

async function deleteStream(stream: string) {
  const connection = await connect(`amqp://guest:guest@${rabbitMq.host}:${rabbitMq.port}/`)
  const channel = await connection.createChannel()
  await channel.deleteQueue(stream)
  await connection.close()
}

async function open(t: TestContext, query = '') {
  const stream = `test-${randomUUID()}`
  const wire = await startProxy(rabbitMq)
  const amqpUrl = `amqp://guest:guest@127.0.0.1:${wire.port}/${query}`
  const config = { amqpUrl, brokerDefinitions: await definitionsWith(t, stream), confirmTimeoutMs }
  const outcomes: string[] = []
  const broker = connectBroker(config, pino({ level: 'silent' }), (_type, outcome) => outcomes.push(outcome))
  t.after(async () => {
    await broker.close()
    wire.stop()
    await deleteStream(stream)
  })
  await t.waitFor(() => assert.ok(broker.isConnected), { timeout: 10_000, interval: 5 })
  const { cut: disconnect, mend: reconnect, freeze } = wire
  return { broker, stream, disconnect, reconnect, replaceStream: () => deleteStream(stream), freeze, outcomes }
}

testBroker('rabbitmq', (t) => open(t), { skip })

test('rabbitmq: publishing to a broker that stops answering fails after the confirm timeout', { skip }, async (t) => {
  const { broker, stream, freeze, outcomes } = await open(t)
  freeze()

  const publishing = broker.publish(publicationTo(stream))

  await assert.rejects(publishing, { reason: 'BROKER_UNAVAILABLE', message: /did not confirm within/ })
  assert.deepEqual(outcomes, ['failed'])
})

test('rabbitmq: a connection that is silent for two heartbeats is replaced by another', { skip }, async (t) => {
  const { broker, stream, freeze } = await open(t, '?heartbeat=1')
  freeze()

  await t.waitFor(() => assert.ok(!broker.isConnected), { timeout: 20_000, interval: 20 })
  await t.waitFor(() => assert.ok(broker.isConnected), { timeout: 20_000, interval: 20 })

  await assert.doesNotReject(broker.publish(publicationTo(stream)))
})

test('rabbitmq: a lost connection rejects unconfirmed publications before the timeout', { skip }, async (t) => {
  const { broker, stream, freeze, disconnect } = await open(t)
  freeze()

  const publishing = broker.publish(publicationTo(stream))
  disconnect()

  await assert.rejects(publishing, { reason: 'BROKER_UNAVAILABLE', message: /went away/ })
})

test('rabbitmq: a publication succeeds even if its metrics throw', { skip }, async (t) => {
  const { broker, stream, outcomes } = await open(t)
  // From now on `push` throws.
  Object.freeze(outcomes)

  await assert.doesNotReject(broker.publish(publicationTo(stream)))
})

test('rabbitmq: closing waits for unconfirmed publications', { skip }, async (t) => {
  const { broker, stream, outcomes } = await open(t)
  const publishing = Array.from({ length: 50 }, () => broker.publish(publicationTo(stream)))

  await broker.close()
  await Promise.all(publishing)

  assert.equal(outcomes.filter((outcome) => outcome === 'confirmed').length, 50)
})

for (const [what, spoil, cause, hint] of [
  ['a missing virtual host', (url: string) => `${url}nowhere`, /ConnectionOpenOk/, /virtual host in AMQP_URL/],
  ['a wrong password', (url: string) => url.replace('guest:guest', 'guest:geheim'), /ACCESS_REFUSED/, /password/],
] as const) {
  test(`rabbitmq: ${what} is logged once, with what to correct and without the URL`, { skip }, async (t) => {
    const lines: string[] = []
    const logger = pino({}, { write: (line: string) => lines.push(line) })
    const amqpUrl = spoil(`amqp://guest:guest@${rabbitMq.host}:${rabbitMq.port}/`)
    const wire = await startProxy(rabbitMq)
    const behindProxy = amqpUrl.replace(`:${rabbitMq.port}/`, `:${wire.port}/`).replace(rabbitMq.host, '127.0.0.1')
    const config = { amqpUrl: behindProxy, brokerDefinitions: readConfig(demo).brokerDefinitions, confirmTimeoutMs }
    const broker = connectBroker(config, logger, () => {})
    t.after(async () => {
      await broker.close()
      wire.stop()
    })

    await t.waitFor(() => assert.ok(wire.accepted > 2), { timeout: 20_000, interval: 20 })

    const rows = lines.map((line) => JSON.parse(line))
    assert.deepEqual(
      rows.map(({ msg }) => msg),
      ['broker not reached'],
    )
    assert.match(rows[0].cause, cause)
    assert.match(rows[0].hint, hint)
    assert.doesNotMatch(lines.join(), /geheim|amqp:|stack/)
  })
}

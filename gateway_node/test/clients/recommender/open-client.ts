// The gRPC client with a recommender of the test, and a log of interactions that the test writes.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { TestContext } from 'node:test'
import { pino } from 'pino'
import type { LogReader } from '../../../src/clients/broker/broker.ts'
import { createRecommender } from '../../../src/clients/recommender/client.ts'
import { InteractionRecorded } from '../../../src/gen/whynotboth/v1/interactions.ts'
import { FakeBroker } from '../../fakes.ts'
import { RecommenderServer } from './recommender-server.ts'
import { call } from './recommender-suite.ts'

export const eventually = { timeout: 10_000, interval: 5 }

export async function openClient(t: TestContext) {
  const server = new RecommenderServer()
  await server.start()
  t.after(() => server.stop())
  const client = await openClientOf(t, `127.0.0.1:${server.port}`)
  server.batches.length = 0
  return { ...client, server, fake: server.fake }
}

/** A client that has found a recommender at the address. */
export async function openClientOf(t: TestContext, recommenderAddress: string) {
  const broker = new FakeBroker()
  const log = broker.readStream('interactions', 'first')
  const observed: string[] = []
  const recommender = createRecommender(
    { recommenderAddress },
    {
      log,
      onHint: (listener) => broker.onHint(listener),
      newCall: () => call,
      observe: (method, status) => observed.push(`${method} ${status}`),
      logger: pino({ level: 'silent' }),
    },
  )
  log.open(recommender.followers)
  t.after(async () => {
    await recommender.close()
    await log.close()
  })
  // The client requests the popular items first. Don't count that batch.
  await t.waitFor(() => assert.equal(observed.length, 1), eventually)
  return { recommender, broker, log, observed, write: interactionWriter(broker, log) }
}

/** Write an interaction to the log, and wait until the client has read it. */
function interactionWriter(broker: FakeBroker, log: LogReader) {
  return async (userId: string, itemId: string): Promise<number> => {
    const messageId = randomUUID()
    const interaction = { interactionId: messageId, userId, itemId, rating: 5, occurredAt: new Date() }
    const body = InteractionRecorded.encode(interaction).finish()
    broker.append('interactions', { type: 'whynotboth.v1.InteractionRecorded', messageId, body })
    return (await log.waitFor(messageId, eventually.timeout)) ?? Number.NaN
  }
}

// Several recommenders behind one name. They start, stop and freeze, and the client still gets answers.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import dns from 'node:dns'
import { type TestContext, test } from 'node:test'
import type { Recommender } from '../../../src/clients/recommender/recommender.ts'
import { startProxy } from '../../tcp-proxy.ts'
import { eventually, openClientOf } from './open-client.ts'
import { RecommenderServer } from './recommender-server.ts'
import { call } from './recommender-suite.ts'

/** Recommenders on one port of several loopback addresses. The client's name resolves to those in `addresses`. */
async function openReplicas(t: TestContext, count: number) {
  const addresses: string[] = []
  const servers: RecommenderServer[] = []
  t.mock.method(dns.promises, 'lookup', async () => addresses.map((address) => ({ address, family: 4 })))

  async function add() {
    const server = new RecommenderServer()
    const address = `127.0.0.${servers.length + 1}`
    await server.start(servers[0]?.port, address)
    t.after(() => server.stop())
    addresses.push(address)
    servers.push(server)
    return server
  }
  for (let index = 0; index < count; index += 1) await add()
  const { recommender } = await openClientOf(t, `dns:///recommender.test:${servers[0]?.port}`)
  return { recommender, servers, add }
}

/** Request recommendations for `count` different users, four at a time. Return how many answers were degraded. */
async function askFor(recommender: Recommender, count: number, name: string): Promise<number> {
  let asked = 0
  let degraded = 0
  async function askInTurn() {
    while (asked < count) {
      asked += 1
      const answer = await recommender.recommend({ userId: `${name}-${asked}`, limit: 1 }, inFiveSeconds())
      if (answer.degraded) degraded += 1
    }
  }
  await Promise.all(Array.from({ length: 4 }, askInTurn))
  return degraded
}

const inFiveSeconds = () => ({ ...call, expiresAt: performance.now() + 5000 })

const hasAnswered = ({ batches }: RecommenderServer) => batches.length > 0

test('recommenders share the calls', async (t) => {
  const { recommender, servers } = await openReplicas(t, 3)

  await t.waitFor(async () => {
    await askFor(recommender, 30, 'any')
    assert.ok(servers.every(hasAnswered))
  }, eventually)
})

test('answers of two recommenders with different catalogues are both rendered correctly', async (t) => {
  const { recommender, servers } = await openReplicas(t, 2)
  servers[1]?.renameItems('Renamed')
  const firstTitles = new Set<string>()

  await t.waitFor(async () => {
    const { items } = await recommender.recommend({ userId: randomUUID(), limit: 1 }, inFiveSeconds())
    firstTitles.add(JSON.parse(items[0] ?? '').title)
    assert.equal(firstTitles.size, 2)
  }, eventually)

  assert.deepEqual(firstTitles, new Set(['Film 1', 'Renamed 20']))
})

test('when the only known recommender stops, the channel finds one that was added', async (t) => {
  const { recommender, servers, add } = await openReplicas(t, 1)
  const added = await add()

  servers[0]?.stop()

  await t.waitFor(async () => assert.equal(await askFor(recommender, 4, 'any'), 0), eventually)
  assert.ok(hasAnswered(added))
})

test('no answer is degraded while recommenders stop one after the other', async (t) => {
  const { recommender, servers } = await openReplicas(t, 3)
  const [first, second, last] = servers as [RecommenderServer, RecommenderServer, RecommenderServer]
  await t.waitFor(async () => {
    await askFor(recommender, 30, 'before')
    assert.ok(servers.every(hasAnswered))
  }, eventually)

  const degraded = [askFor(recommender, 300, 'first')]
  await first.drain()
  degraded.push(askFor(recommender, 300, 'second'))
  await second.drain()
  degraded.push(askFor(recommender, 300, 'last'))

  assert.deepEqual(await Promise.all(degraded), [0, 0, 0])
  assert.ok(hasAnswered(last))
})

test('a frozen recommender gets no calls after some seconds', async (t) => {
  const servers = [new RecommenderServer(), new RecommenderServer()] as const
  for (const server of servers) await server.start()
  const wire = await startProxy({ host: '127.0.0.1', port: servers[0].port })
  t.after(() => {
    wire.stop()
    for (const server of servers) server.stop()
  })
  const { recommender } = await openClientOf(t, `ipv4:127.0.0.1:${wire.port},127.0.0.1:${servers[1].port}`)
  await t.waitFor(async () => {
    await askFor(recommender, 30, 'before')
    assert.ok(servers.every(hasAnswered))
  }, eventually)

  wire.freeze()

  await t.waitFor(async () => assert.equal(await askFor(recommender, 40, 'after'), 0), eventually)
})

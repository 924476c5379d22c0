import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { buildTestApp } from '../build-app.ts'
import { RawConnection } from '../raw-connection.ts'

const timeLimit = { timeout: 20_000 }
const taken = 16
const routes = [
  '/openapi.json',
  '/metrics',
  '/docs',
  '/docs/json',
  '/',
  '/vendor/htm.js',
  '/v1/nothing',
  '/%zz',
  '/healthz',
]

async function pipeline(t: TestContext, count: number, path: string) {
  const { app, recommender } = await buildTestApp(t)
  const connection = await RawConnection.open(app)
  connection.send(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`.repeat(count))
  return { connection, recommender }
}

for (const path of routes)
  test(`a connection that sends 800 requests of ${path} ahead is closed`, timeLimit, async (t) => {
    const { connection } = await pipeline(t, 800, path)

    const { answers } = await connection.untilClosed()

    assert.ok(answers <= taken, `${answers} answers`)
  })

test('a connection that sends 800 requests with an unknown Expect ahead is closed', timeLimit, async (t) => {
  const { app } = await buildTestApp(t)
  const connection = await RawConnection.open(app)

  connection.send('GET /v1/users HTTP/1.1\r\nhost: localhost\r\nexpect: something\r\n\r\n'.repeat(800))
  const { answers } = await connection.untilClosed()

  assert.ok(answers <= taken, `${answers} answers`)
})

test('of 800 pipelined requests of one connection, the gateway handles 16', timeLimit, async (t) => {
  const { connection, recommender } = await pipeline(t, 800, '/v1/users')

  await connection.untilClosed()

  assert.equal(recommender.calls.length, taken)
})

test('a connection may send 16 requests ahead, and then as many again', timeLimit, async (t) => {
  const { connection } = await pipeline(t, taken, '/healthz')
  await connection.untilAnswered(taken)

  connection.send('GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n'.repeat(taken))

  await connection.untilAnswered(2 * taken)
  connection.leave()
})

for (const [upgrade, path, status] of [
  ['h2c', '/healthz', 200],
  ['h2c', '/', 200],
  ['TLS/1.2', '/v1/users', 200],
  ['h2c', '/v1/nothing', 404],
  ['WebSocket', '/healthz', 404],
] as const)
  test(`an upgrade to ${upgrade} of ${path} is answered with ${status}`, timeLimit, async (t) => {
    const { app } = await buildTestApp(t)
    const connection = await RawConnection.open(app)

    connection.sendHead(`GET ${path}`, { connection: 'Upgrade', upgrade })
    await connection.untilAnswered(1)

    assert.equal(connection.first().status, status)
    connection.leave()
  })

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { buildTestApp } from '../build-app.ts'
import { LiveClient } from '../features/live/live-client.ts'
import { RawSocket } from '../features/live/raw-socket.ts'
import { RawConnection } from '../raw-connection.ts'

test('closing the app closes every socket with 1001, and the app waits for it', async (t) => {
  const { app } = await buildTestApp(t)
  const clients = await Promise.all([LiveClient.open(app), LiveClient.open(app)])

  await app.close()

  assert.deepEqual(await Promise.all(clients.map(({ closed }) => closed)), [1001, 1001])
  assert.equal(app.websocketServer.clients.size, 0)
})

test('each socket of a stopping gateway gets its own time to reconnect', async (t) => {
  const { app } = await buildTestApp(t)
  const clients: LiveClient[] = []
  while (clients.length < 10) clients.push(await LiveClient.open(app))
  const closings = clients.map(({ socket }) => once(socket, 'close'))

  await app.close()

  const farewells = (await Promise.all(closings)).map(([, reason]) => JSON.parse(String(reason)))
  assert.ok(farewells.every(({ retryAfterMs }) => Number.isInteger(retryAfterMs) && retryAfterMs <= 1000))
  assert.ok(new Set(farewells.map(({ retryAfterMs }) => retryAfterMs)).size > 1)
  assert.equal(farewells[0].reason, 'SHUTTING_DOWN')
})

test('a draining gateway keeps its sockets and refuses new ones', async (t) => {
  const { app } = await buildTestApp(t)
  const client = await LiveClient.open(app)

  app.drain()

  await assert.rejects(LiveClient.open(app), /503/)
  assert.equal((await client.ask({ type: 'ping' })).type, 'pong')
})

test("a socket that doesn't answer the close frame is terminated", async (t) => {
  const { app } = await buildTestApp(t)
  const client = await LiveClient.open(app)
  client.socket.pause()
  const [socket] = app.websocketServer.clients
  t.mock.timers.enable({ apis: ['setTimeout'] })

  const closing = app.close()
  while (socket?.readyState === socket?.OPEN) await setImmediate()
  t.mock.timers.tick(1000)

  await closing
  assert.equal(app.websocketServer.clients.size, 0)
})

test("a socket that answers the close frame with a broken frame doesn't fail the stop", async (t) => {
  const { app } = await buildTestApp(t)
  const socket = await RawSocket.open(app)
  const reservedBits = 0x70
  socket.answerWith([0x80 | reservedBits, 0])

  await app.close()

  assert.equal(app.websocketServer.clients.size, 0)
})

test('a peer that answers no ping is terminated at the second, and others stay', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const { app } = await buildTestApp(t)
  const silent = await LiveClient.open(app, { autoPong: false })
  const lively = await LiveClient.open(app)
  const pongArrived = Promise.all([...app.websocketServer.clients].slice(1).map((socket) => once(socket, 'pong')))

  t.mock.timers.tick(30_000)
  await pongArrived
  t.mock.timers.tick(30_000)

  assert.equal(await silent.closed, 1006)
  assert.equal((await lively.ask({ type: 'ping' })).type, 'pong')
})

async function openFrom(t: Parameters<typeof buildTestApp>[0], origin: string | undefined, allowed = '') {
  const { app } = await buildTestApp(t, { GATEWAY_ALLOWED_ORIGINS: allowed })
  return LiveClient.open(app, origin === undefined ? {} : { origin })
}

for (const origin of ['https://evil.example', 'null', 'http://127.0.0.1:1']) {
  test(`a page of ${origin} is refused with 403 before the upgrade`, async (t) => {
    await assert.rejects(openFrom(t, origin), /403/)
  })
}

test('a page of an allowed origin is accepted', async (t) => {
  const client = await openFrom(t, 'https://shop.example', 'https://shop.example,https://other.example')

  assert.equal((await client.ask({ type: 'ping' })).type, 'pong')
})

test('a page of the same host is accepted', async (t) => {
  const { app } = await buildTestApp(t)
  const address = await app.listen({ port: 0, host: '127.0.0.1' })

  const client = await LiveClient.open(app, { origin: address })

  assert.equal((await client.ask({ type: 'ping' })).type, 'pong')
})

test('no socket is compressed, even if the client offers it', async (t) => {
  const { app } = await buildTestApp(t)

  const client = await LiveClient.open(app, { perMessageDeflate: true })

  assert.equal(client.socket.extensions, '')
})

test('a message of more than 16 fragments closes with 1008', async (t) => {
  const { app } = await buildTestApp(t)
  const client = await LiveClient.open(app)

  for (let count = 0; count < 17; count += 1) client.socket.send('x', { fin: false })

  assert.equal(await client.closed, 1008)
})

test('a message of 16 fragments is read', async (t) => {
  const { app } = await buildTestApp(t)
  const client = await LiveClient.open(app)
  const text = '{"type":"ping"}'

  for (const character of text) client.socket.send(character, { fin: false })
  client.socket.send('', { fin: true })

  assert.equal((await client.take(() => true)).type, 'pong')
})

test('an upgrade of another path is refused', async (t) => {
  const { app } = await buildTestApp(t)

  await assert.rejects(LiveClient.open(app, {}, '/v1/dead'), /404/)
})

test('an upgrade by HEAD is refused, and its connection closed', { timeout: 20_000 }, async (t) => {
  const { app } = await buildTestApp(t)
  const connection = await RawConnection.open(app)
  const key = 'dGhlIHNhbXBsZSBub25jZQ=='

  connection.sendHead('HEAD /v1/live', {
    connection: 'upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': 13,
    'sec-websocket-key': key,
  })

  assert.equal((await connection.untilClosed()).status, 404)
})

test('the connection of an upgrade that a hook refuses is closed', async (t) => {
  const { app } = await buildTestApp(t, { GATEWAY_ADDRESS_REQUESTS_PER_MINUTE: '1' })
  await LiveClient.connect(app)

  await assert.rejects(LiveClient.connect(app), /429/)

  await assert.doesNotReject(app.close())
})

test('a plain request gets an error that asks for an upgrade', async (t) => {
  const { app } = await buildTestApp(t)

  const answer = await app.inject({ url: '/v1/live' })

  assert.deepEqual([answer.statusCode, answer.json().reason], [400, 'REQUEST_INVALID'])
})

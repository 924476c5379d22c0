// Frames that no topic and no reply needs still cost time, so they are bounded too.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { buildTestApp } from '../../build-app.ts'
import { LiveClient } from './live-client.ts'
import { RawSocket } from './raw-socket.ts'

const patience = { timeout: 20_000 }
const most = 600

for (const [who, open] of [
  ['an anonymous socket', LiveClient.connect],
  ['a signed-in socket', LiveClient.open],
] as const)
  test(`${who} that floods with pongs is closed with 1008`, patience, async (t) => {
    const { app } = await buildTestApp(t, { GATEWAY_SIGN_IN_MS: '60000' })
    const client = await open(app)

    for (let count = 0; count <= most; count += 1) client.socket.pong()

    assert.equal(await client.closed, 1008)
  })

test('a socket that pings on and on is closed with 1008, although it reads each answer', patience, async (t) => {
  const { app } = await buildTestApp(t)
  const client = await LiveClient.open(app)
  client.socket.on('pong', () => client.socket.ping())

  client.socket.ping()

  assert.equal(await client.closed, 1008)
})

test('a socket that sends on after it was refused, and does not close, is cut off', patience, async (t) => {
  const { app } = await buildTestApp(t)
  const socket = await RawSocket.open(app)
  const [served] = app.websocketServer.clients
  assert.ok(served)

  socket.sendTexts(Array(most + 2).fill('x'))

  const [code] = await once(served, 'close')
  assert.equal(code, 1006)
})

test('a socket that sends a little more before it hears that it was refused still hears why', async (t) => {
  const { app } = await buildTestApp(t)
  const client = await LiveClient.connect(app)

  for (let count = 0; count < 100; count += 1) client.socket.send('x')

  assert.equal(await client.closed, 1008)
})

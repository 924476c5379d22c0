import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { buildTestApp } from '../../build-app.ts'
import { audience, IdentityProvider, issuer } from '../../clients/identity-provider/identity-provider.ts'
import { tokenOf } from '../../sign-in.ts'
import { LiveClient } from './live-client.ts'

function manyNames(names: number): string {
  const unknown = Object.fromEntries(Array.from({ length: names }, (_, number) => [`name${number}`, number]))
  return JSON.stringify({ type: 'hello', ...unknown })
}

async function connect(t: TestContext, environment: Record<string, string> = {}) {
  const { app } = await buildTestApp(t, environment)
  return { app, client: await LiveClient.connect(app) }
}

test('a socket that says nothing is closed in time', async (t) => {
  const { client } = await connect(t, { GATEWAY_SIGN_IN_MS: '50' })

  const { reason } = await client.error()

  assert.deepEqual([reason, await client.closed], ['TOKEN_INVALID', 1008])
})

for (const [what, hello] of [
  ['no token', { type: 'hello' }],
  ['a token that is none', { type: 'hello', token: 'a.b.c' }],
] as const) {
  test(`a socket that says hello with ${what} gets an error and is closed`, async (t) => {
    const { client } = await connect(t)

    const { reason } = await client.ask(hello)

    assert.deepEqual([reason, await client.closed], ['TOKEN_INVALID', 1008])
  })
}

for (const frame of [
  { type: 'ping' },
  { type: 'subscribe', topic: 'stats' },
  { type: 'rate', itemId: '1', rating: 3 },
]) {
  test(`a socket whose first frame is ${frame.type} is closed`, async (t) => {
    const { client } = await connect(t)

    const { reason } = await client.ask(frame)

    assert.deepEqual([reason, await client.closed], ['TOKEN_INVALID', 1008])
  })
}

for (const [what, text] of [
  ['is not JSON', '{'],
  ['has thousands of unknown names', manyNames(1000)],
  ['is of more than 10 KiB', JSON.stringify({ type: 'hello', token: 'x'.repeat(10_240) })],
] as const) {
  test(`a socket whose first frame ${what} is closed at once`, async (t) => {
    const { client } = await connect(t)

    client.socket.send(text)
    client.socket.send(text)

    assert.equal(await client.closed, 1008)
    assert.deepEqual(
      client.untaken.map(({ reason }) => reason),
      ['FRAME_INVALID'],
    )
  })
}

test('a socket whose first frame is refused is closed with the reason', async (t) => {
  const { client } = await connect(t)
  const closing = once(client.socket, 'close')

  client.socket.send('{')

  const [, reason] = await closing
  assert.equal(String(reason), 'A frame before the sign-in was refused.')
})

test('a socket that says hello twice before it is welcomed is closed', async (t) => {
  const { app, client } = await connect(t)
  const token = await tokenOf(app, '1')

  client.send({ type: 'hello', token })
  client.send({ type: 'hello', token })

  assert.equal(await client.closed, 1008)
  assert.deepEqual(
    client.untaken.map(({ reason }) => reason),
    ['FRAME_INVALID'],
  )
})

test('of the frames of anonymous sockets one each is read, and other requests are answered', async (t) => {
  const { app, gateway } = await buildTestApp(t)
  const clients: LiveClient[] = []
  const frame = manyNames(3000)
  while (clients.length < 10) clients.push(await LiveClient.connect(app))

  for (const { socket } of clients) for (let frames = 0; frames < 20; frames += 1) socket.send(frame)
  const { status } = await gateway.get('/healthz')

  assert.equal(status, 200)
  await Promise.all(clients.map(({ closed }) => closed))
  assert.deepEqual(
    clients.map(({ untaken }) => untaken.length),
    Array(10).fill(1),
  )
})

test('frames that follow hello at once are answered after the welcome', async (t) => {
  const { app, client } = await connect(t)

  client.send({ type: 'hello', token: await tokenOf(app, '1') })
  client.send({ type: 'ping', id: 'p1' })

  assert.equal((await client.take(() => true)).type, 'welcome')
  assert.deepEqual(await client.take(() => true), { type: 'pong', replyTo: 'p1' })
})

test('frames that follow a wrong hello at once are not answered', async (t) => {
  const { client } = await connect(t)

  client.send({ type: 'hello', token: 'a.b.c' })
  client.send({ type: 'subscribe', topic: 'users/1/recommendations' })

  assert.equal((await client.error()).reason, 'TOKEN_INVALID')
  assert.equal(await client.closed, 1008)
  await assert.rejects(client.event('users/1/recommendations'), /No such frame/)
})

test('a socket is closed when its token expires', async (t) => {
  t.mock.timers.enable({ apis: ['Date', 'setInterval'], now: Date.now() })
  const { app, client } = await connect(t, { GATEWAY_SESSION_SECONDS: '20', GATEWAY_SIGN_IN_MS: '60000' })
  await client.greet(await tokenOf(app, '1'))

  t.mock.timers.tick(20_000)

  const { reason, detail } = await client.error()

  assert.deepEqual([reason, await client.closed], ['TOKEN_INVALID', 1008])
  assert.match(detail, /expired/)
})

test('a socket that says hello again with a newer token lives on', async (t) => {
  t.mock.timers.enable({ apis: ['Date', 'setInterval'], now: Date.now() })
  const { app, client } = await connect(t, { GATEWAY_SESSION_SECONDS: '20' })
  await client.greet(await tokenOf(app, '1'))
  t.mock.timers.tick(14_000)
  await client.greet(await tokenOf(app, '1'))

  t.mock.timers.tick(14_000)

  t.mock.timers.reset()
  assert.equal((await client.ask({ type: 'ping' })).type, 'pong')
})

test('a socket is closed after the key of its token was withdrawn', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  const provider = await IdentityProvider.start(t)
  const { client } = await connect(t, {
    GATEWAY_DEMO: 'false',
    GATEWAY_JWKS_URL: provider.url.href,
    GATEWAY_TOKEN_ISSUER: issuer,
    GATEWAY_TOKEN_AUDIENCE: audience,
  })
  await client.greet(await provider.sign({ exp: Math.floor(Date.now() / 1000) + 3600 }))
  provider.dropKey('first')
  await provider.addKey('second')

  // Keys are fresh for ten minutes, and each socket looks for them again within half a minute.
  t.mock.timers.setTime(Date.now() + 11 * 60_000)

  assert.deepEqual([(await client.error()).reason, await client.closed], ['TOKEN_INVALID', 1008])
})

test('a socket can not become somebody else', async (t) => {
  const { app, client } = await connect(t)
  await client.greet(await tokenOf(app, '1'))

  client.send({ type: 'hello', token: await tokenOf(app, '2') })

  assert.deepEqual([(await client.error()).reason, await client.closed], ['TOKEN_INVALID', 1008])
})

test('an identity holds so many sockets, and another one after closing one', async (t) => {
  const { app } = await buildTestApp(t, { GATEWAY_SOCKETS_PER_IDENTITY: '1' })
  const first = await LiveClient.open(app, { userId: '1' })
  const second = await LiveClient.connect(app)
  second.send({ type: 'hello', token: await tokenOf(app, '1') })
  const refusal = await second.error()
  await LiveClient.open(app, { userId: '2' })
  const [served] = app.websocketServer.clients

  first.socket.close()
  if (served) await once(served, 'close')

  assert.deepEqual([refusal.reason, refusal.retryable, await second.closed], ['SOCKETS_EXHAUSTED', true, 1013])
  await LiveClient.open(app, { userId: '1' })
})

test('an identity is refused with the same words, however long its name', async (t) => {
  const userId = 'é'.repeat(200)
  const { app } = await buildTestApp(t, { GATEWAY_SOCKETS_PER_IDENTITY: '1' })
  await LiveClient.open(app, { userId })
  const second = await LiveClient.connect(app)

  second.send({ type: 'hello', token: await tokenOf(app, userId) })

  assert.equal(await second.closed, 1013)
})

test('a socket that sends too many frames is told so, and is closed when it goes on', async (t) => {
  const { app } = await buildTestApp(t, { GATEWAY_SOCKET_FRAMES_PER_MINUTE: '3' })
  const client = await LiveClient.open(app)
  const answers = [
    await client.ask({ type: 'ping' }),
    await client.ask({ type: 'ping' }),
    await client.ask({ type: 'ping' }),
  ]

  for (let times = 0; times < 20; times += 1) client.send({ type: 'ping' })

  assert.deepEqual(
    answers.map(({ type, reason }) => reason ?? type),
    ['pong', 'pong', 'RATE_EXCEEDED'],
  )
  assert.equal(await client.closed, 1008)
})

test('a socket holds so many subscriptions', async (t) => {
  const { app } = await buildTestApp(t, { GATEWAY_SOCKET_SUBSCRIPTIONS: '1' })
  const client = await LiveClient.open(app)

  const answers = [await client.subscribe('stats'), await client.subscribe('activity'), await client.subscribe('stats')]

  assert.deepEqual(
    answers.map(({ type, reason }) => reason ?? type),
    ['ack', 'SUBSCRIPTIONS_EXHAUSTED', 'ack'],
  )
})

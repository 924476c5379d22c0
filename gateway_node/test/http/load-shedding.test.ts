import assert from 'node:assert/strict'
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { InjectOptions } from 'fastify'
import { buildTestApp } from '../build-app.ts'
import { JobsClient } from '../features/jobs/jobs-client.ts'
import { RawConnection } from '../raw-connection.ts'
import { tokenOf } from '../sign-in.ts'

const taken = 512
const eventually = { timeout: 20_000, interval: 20 }
const generous = { GATEWAY_IDENTITY_REQUESTS_PER_MINUTE: '100000', GATEWAY_ADDRESS_REQUESTS_PER_MINUTE: '100000' }

async function open(t: TestContext) {
  const parts = await buildTestApp(t, generous)
  const headers = { authorization: `Bearer ${await tokenOf(parts.app)}` }
  const ask = (request: InjectOptions) => parts.app.inject({ ...request, headers: { ...headers, ...request.headers } })
  // A known token is verified within the tick.
  await ask({ url: '/v1/stats' })
  await setImmediate()
  const askMany = (count: number, request: InjectOptions) => Array.from({ length: count }, () => ask(request))
  /** Emit a request on the server in this tick. `inject` doesn't use the server. */
  const arrive = (url: string) => {
    const socket = Object.defineProperty(new Socket(), 'remoteAddress', { value: '127.0.0.1' })
    const request = Object.assign(new IncomingMessage(socket), {
      method: 'GET',
      url,
      headers: { host: 'localhost', ...headers },
      rawHeaders: ['host', 'localhost'],
    })
    const response = new ServerResponse(request)
    parts.app.server.emit('request', request, response)
    return response
  }
  /** Send as many requests as the gateway accepts. They go on until `finish` is called. */
  async function fill() {
    const { promise: gate, resolve: finish } = Promise.withResolvers<void>()
    const { getItem } = parts.recommender
    parts.recommender.getItem = async (itemId) => gate.then(() => getItem.call(parts.recommender, itemId))
    const held = Promise.all(askMany(taken, { url: '/v1/items/1' }))
    await setImmediate()
    return { finish, held }
  }
  return { ...parts, ask, askMany, arrive, fill }
}

/** A gateway with as many requests in progress as it accepts, until `finish` is called. */
async function openFull(t: TestContext) {
  const parts = await open(t)
  return { ...parts, ...(await parts.fill()) }
}

for (const url of ['/v1/items/1', '/v1/users', '/', '/openapi.json', '/docs', '/metrics', '/v1/nothing', '/%zz'])
  test(`a gateway with ${taken} requests in progress refuses ${url}`, async (t) => {
    const { app, finish, held } = await openFull(t)
    const connection = await RawConnection.open(app)

    connection.sendHead(`GET ${url}`, { 'x-request-id': 'abc', connection: 'close' })
    const { status, contentType, body } = await connection.untilClosed()
    finish()
    await held

    const { reason, instance, requestId } = JSON.parse(body)
    assert.deepEqual([status, contentType], [429, 'application/problem+json'])
    assert.deepEqual([reason, instance, requestId], ['GATEWAY_OVERLOADED', url, 'abc'])
  })

test('a POST to the path of a probe is refused when the gateway is full', async (t) => {
  const { app, finish, held } = await openFull(t)
  const connection = await RawConnection.open(app)

  connection.sendHead('POST /healthz', { connection: 'close', 'content-length': 0 })
  const { status } = await connection.untilClosed()
  finish()
  await held

  assert.equal(status, 429)
})

for (const url of ['/healthz', '/readyz', '/healthz?now'])
  test(`a full gateway still answers ${url}`, async (t) => {
    const { app, finish, held } = await openFull(t)
    const connection = await RawConnection.open(app)

    connection.sendHead(`GET ${url}`, { connection: 'close' })
    const { status } = await connection.untilClosed()
    finish()
    await held

    assert.equal(status, 200)
  })

test('a gateway counts the requests that it has refused in its metrics', async (t) => {
  const { app, arrive, finish, held } = await openFull(t)

  arrive('/v1/users')
  finish()
  await held

  assert.match(await app.metrics.metrics(), /^gateway_http_requests_refused_total 1$/m)
})

test('requests in progress are answered, and then the next ones are accepted', async (t) => {
  const { arrive, finish, held } = await openFull(t)
  const refused = arrive('/v1/items?unknown=1')

  finish()
  const answers = await held
  await setImmediate()
  const next = arrive('/v1/items?unknown=1')
  await setImmediate()

  assert.ok(answers.every(({ statusCode }) => statusCode === 200))
  assert.deepEqual([refused.statusCode, next.statusCode], [429, 400])
})

test('a request that is refused at once counts until the end of the tick', async (t) => {
  const { arrive } = await open(t)
  const answers = Array.from({ length: taken }, () => arrive('/v1/items?unknown=1'))
  // Neither a timer nor I/O runs here, so this is the same tick.
  for (let step = 0; step < 100; step += 1) await null

  const sameTick = arrive('/v1/items?unknown=1')
  await setImmediate()
  const nextTick = arrive('/v1/items?unknown=1')
  await setImmediate()

  assert.ok(answers.every(({ statusCode }) => statusCode === 400))
  assert.deepEqual([sameTick.statusCode, nextTick.statusCode], [429, 400])
})

test("requests whose bodies arrive slowly don't count as in progress", async (t) => {
  const { arrive, ask } = await open(t)
  const slow = () => new Readable({ read() {} })
  const request = { method: 'POST', url: '/v1/jobs', headers: { 'content-type': 'application/json' } } as const
  const bodies = Array.from({ length: taken }, slow)
  const sending = bodies.map((payload) => ask({ ...request, payload }))
  await setImmediate()

  const other = arrive('/v1/items?unknown=1')
  await setImmediate()
  for (const body of bodies) body.push(null)
  await Promise.all(sending)

  assert.equal(other.statusCode, 400)
})

test('a body that arrives when the gateway is full is refused', async (t) => {
  const { ask, fill } = await open(t)
  const payload = new Readable({ read() {} })
  const sending = ask({ method: 'POST', url: '/v1/jobs', headers: { 'content-type': 'application/json' }, payload })
  await setImmediate()
  const { finish, held } = await fill()

  payload.push('{}')
  payload.push(null)
  const { statusCode, headers, body } = await sending
  finish()
  await held

  assert.deepEqual([statusCode, headers['retry-after']], [429, '1'])
  assert.equal(JSON.parse(body).reason, 'GATEWAY_OVERLOADED')
})

/** Requests that wait for the recommender, on connections that their clients have closed. */
async function leaveMany(t: TestContext, parts: Awaited<ReturnType<typeof open>>) {
  const { app, recommender } = parts
  const { promise: gate, resolve: finish } = Promise.withResolvers<void>()
  let asked = 0
  const { getItem } = recommender
  recommender.getItem = async (itemId) => {
    asked += 1
    await gate
    return getItem.call(recommender, itemId)
  }
  const connections: RawConnection[] = []
  while (connections.length < taken / 16) connections.push(await RawConnection.open(app))
  for (const connection of connections)
    for (let count = 0; count < 16; count += 1) connection.sendHead('GET /v1/items/1')
  await t.waitFor(() => assert.equal(asked, taken), eventually)
  for (const connection of connections) connection.leave()
  const countOpen = promisify(app.server.getConnections.bind(app.server))
  await t.waitFor(async () => assert.equal(await countOpen(), 0), eventually)
  return finish
}

test('a request whose client has left counts until its handler ends', async (t) => {
  const parts = await open(t)
  const finish = await leaveMany(t, parts)

  const meanwhile = parts.arrive('/v1/items?unknown=1')
  finish()
  await setImmediate()
  await setImmediate()
  const afterwards = parts.arrive('/v1/items?unknown=1')
  await setImmediate()

  assert.deepEqual([meanwhile.statusCode, afterwards.statusCode], [429, 400])
})

test('a request that is never answered, and whose client has left, counts until its deadline', async (t) => {
  const parts = await open(t)
  t.mock.timers.enable({ apis: ['setTimeout'] })
  await leaveMany(t, parts)

  t.mock.timers.tick(parts.app.config.recommenderDeadlineMs)
  const afterwards = parts.arrive('/v1/items?unknown=1')
  await setImmediate()

  assert.equal(afterwards.statusCode, 400)
})

test("requests whose answers are read slowly don't count as in progress", async (t) => {
  const { app, arrive, askMany, recommender } = await open(t)
  const { body: job } = await new JobsClient(app).ask('export')
  await setImmediate()
  const bodies: Readable[] = []
  recommender.readResult = async () => {
    const body = new Readable({ read() {} })
    bodies.push(body)
    return { header: { name: 'a', mediaType: 'text/csv', sizeBytes: 0 }, body }
  }
  const sending = askMany(taken, { url: `/v1/jobs/${job.jobId}/result` })
  await t.waitFor(() => assert.equal(bodies.length, taken), eventually)
  await setImmediate()

  const other = arrive('/v1/items?unknown=1')
  await setImmediate()
  for (const body of bodies) body.push(null)
  await Promise.all(sending)

  assert.equal(other.statusCode, 400)
})

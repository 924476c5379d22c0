import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { buildTestApp } from '../build-app.ts'
import { RawConnection } from '../raw-connection.ts'

const json = { 'content-type': 'application/json' }
const rating = { userId: '1', itemId: '2', rating: 4 }

const bodyless = [
  ['DELETE', '/v1/users/1'],
  ['DELETE', '/v1/dead-letters/1'],
  ['POST', '/v1/dead-letters/1/replay'],
  ['POST', '/v1/jobs/00000000-0000-4000-8000-000000000000/cancel'],
  ['POST', '/v1/models/1/promote'],
] as const
const types = ['application/json', 'application/json; charset=utf-8', 'application/x-www-form-urlencoded', 'text/plain']

for (const [method, url] of bodyless)
  test(`${method} ${url} reads no body and accepts an empty one of any type`, async (t) => {
    const { gateway } = await buildTestApp(t)
    const plain = await gateway.send({ method, url })

    const answers = await Promise.all(
      types.map((type) => gateway.send({ method, url, headers: { 'content-type': type, 'content-length': '0' } })),
    )

    assert.notEqual(plain.status, 400)
    assert.deepEqual(
      answers.map(({ status, body }) => [status, body.reason]),
      types.map(() => [plain.status, plain.body.reason]),
    )
  })

test('a route that reads a body refuses an empty one', async (t) => {
  const { gateway } = await buildTestApp(t)

  const { status, body } = await gateway.rateRaw('')

  assert.deepEqual([status, body.reason], [400, 'BODY_MALFORMED'])
})

async function rateEncoded(t: TestContext, encoding: string, payload: Buffer) {
  const { gateway, broker } = await buildTestApp(t)
  const headers = { ...json, 'content-encoding': encoding }
  const answer = await gateway.send({ method: 'POST', url: '/v1/interactions', headers, payload })
  return { ...answer, published: broker.published.length }
}

const text = Buffer.from(JSON.stringify(rating))
for (const [encoding, payload] of [
  ['gzip', gzipSync(text)],
  ['br', brotliCompressSync(text)],
  ['deflate', text],
  ['GZIP', text],
  ['gzip, br', text],
] as const)
  test(`a body encoded with ${encoding} is refused, and the refusal names the encoding`, async (t) => {
    const { status, headers, body, published } = await rateEncoded(t, encoding, payload)

    assert.deepEqual([status, body.reason, published], [415, 'MEDIA_TYPE_UNSUPPORTED', 0])
    assert.ok(String(body.detail).includes(encoding))
    assert.equal(headers['accept-encoding'], 'identity')
  })

test('a body of another media type is refused, and the refusal names the type', async (t) => {
  const { gateway } = await buildTestApp(t)

  const { status, body } = await gateway.rateRaw('<rating/>', 'text/xml')

  assert.deepEqual([status, body.reason], [415, 'MEDIA_TYPE_UNSUPPORTED'])
  assert.ok(String(body.detail).includes('text/xml'))
})

test('an unknown route refuses before it reads a body', async (t) => {
  const { gateway } = await buildTestApp(t)

  const answers = await Promise.all(
    ['{"broken', '<rating/>', 'x'.repeat(70_000)].map((payload) =>
      gateway.send({ method: 'POST', url: '/v1/nothing', headers: json, payload }),
    ),
  )

  assert.deepEqual(
    answers.map(({ status, body }) => [status, body.reason]),
    Array(3).fill([404, 'ROUTE_UNKNOWN']),
  )
})

const names = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`name${index}`, 1]))
const wide = {
  'thousands of unknown names': names(5000),
  'thousands of unknown names inside': { kind: 'train', params: names(5000) },
  'a list of thousands': { kind: 'train', params: { estimators: Array(5000).fill('ease') } },
  'thousands of objects': { kind: 'train', params: { estimators: Array(5000).fill({}) } },
}

for (const [what, payload] of Object.entries(wide))
  test(`a body with ${what} is refused by its number of fields, before validation`, async (t) => {
    const { gateway } = await buildTestApp(t)

    const { status, body } = await gateway.send({ method: 'POST', url: '/v1/jobs', headers: json, payload })

    assert.deepEqual([status, body.reason, body.errors], [400, 'REQUEST_INVALID', undefined])
    assert.match(String(body.detail), /128 fields/)
  })

test('a body with too many fields is refused without a token, too', async (t) => {
  const { app } = await buildTestApp(t)

  const answer = await app.inject({ method: 'POST', url: '/v1/sessions', headers: json, payload: names(5000) })

  assert.equal(answer.statusCode, 400)
  assert.match(answer.json().detail, /128 fields/)
})

test('a query with hundreds of unknown names is refused by their number', async (t) => {
  const { gateway } = await buildTestApp(t)
  const query = new URLSearchParams(Object.entries(names(500)).map(([name, value]) => [name, String(value)]))

  const { status, body } = await gateway.get(`/v1/items?${query}`)

  assert.deepEqual([status, body.reason, body.errors], [400, 'REQUEST_INVALID', undefined])
  assert.match(String(body.detail), /64 names/)
})

const chunkedJson = { ...json, 'transfer-encoding': 'chunked' }

async function sendPieces(t: TestContext, pieces: string[]) {
  const { app } = await buildTestApp(t)
  const connection = await RawConnection.open(app)
  const chunks = pieces.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`)
  return connection.sendHead('POST /v1/sessions', { ...chunkedJson, connection: 'close' }).send(chunks.join(''))
}

test('the connection of a body in more than 1024 pieces is closed before the body ends', {
  timeout: 20_000,
}, async (t) => {
  const connection = await sendPieces(t, Array(1025).fill(' '))

  assert.equal((await connection.untilClosed()).answers, 0)
})

test('a body in 1024 pieces is read', async (t) => {
  const connection = await sendPieces(t, [...Array(1023).fill(' '), '{"role":"operator"}'])

  connection.send('0\r\n\r\n')

  assert.equal((await connection.untilClosed()).status, 201)
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { buildTestApp } from '../build-app.ts'
import { JobsClient } from '../features/jobs/jobs-client.ts'
import { RawConnection } from '../raw-connection.ts'
import { tokenOf } from '../sign-in.ts'

const patience = { timeout: 20_000 }

async function openRaw(t: TestContext, environment: Record<string, string>) {
  const { app } = await buildTestApp(t, environment)
  return RawConnection.open(app)
}

const impatient = { GATEWAY_HEADERS_MS: '50', GATEWAY_REQUEST_MS: '100' }

test('a connection that sends nothing is told so and closed', patience, async (t) => {
  const connection = await openRaw(t, impatient)

  const { status, contentType, body } = await connection.untilClosed()

  assert.deepEqual([status, contentType, JSON.parse(body).reason], [408, 'application/problem+json', 'REQUEST_INVALID'])
})

test('headers that never end are told so and closed', patience, async (t) => {
  const connection = await openRaw(t, impatient)

  connection.send('GET /healthz HTTP/1.1\r\nhost: gateway\r\nx-slow: ')

  assert.equal((await connection.untilClosed()).status, 408)
})

test('a body that never ends is told so and closed', patience, async (t) => {
  const connection = await openRaw(t, impatient)
  const headers = { 'content-type': 'application/json', 'content-length': 1000 }

  connection.sendHead('POST /v1/sessions', headers).send('{')

  assert.equal((await connection.untilClosed()).status, 408)
})

test('an answered connection that asks nothing more is closed', patience, async (t) => {
  const connection = await openRaw(t, { GATEWAY_KEEP_ALIVE_MS: '50' })

  connection.sendHead('GET /healthz')

  assert.equal((await connection.untilClosed()).status, 200)
})

test('a caller who never reads a file loses the connection, and the file is closed', patience, async (t) => {
  const { app, recommender } = await buildTestApp(t, { GATEWAY_STALLED_MS: '1000' })
  const { body: job } = await new JobsClient(app).ask('export')
  const body = new Readable({ read: (size) => void body.push(Buffer.alloc(size)) })
  recommender.readResult = async () => ({ header: { name: 'a', mediaType: 'text/csv', sizeBytes: 2 ** 40 }, body })
  const connection = await RawConnection.open(app)

  connection.sendHead(`GET /v1/jobs/${job.jobId}/result`, { authorization: `Bearer ${await tokenOf(app)}` })

  await once(body, 'close')
  assert.equal(body.destroyed, true)
  connection.leave()
})

for (const [what, text, status] of [
  ['no HTTP', 'GARBAGE\r\n\r\n', 400],
  [
    'a body of two lengths',
    'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n',
    400,
  ],
  ['headers beyond 16 KiB', `GET / HTTP/1.1\r\nhost: a\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
] as const) {
  test(`${what} is refused with a problem that tells nothing of the inside`, patience, async (t) => {
    const connection = await openRaw(t, {})

    connection.send(text)

    const answer = await connection.untilClosed()
    const { reason, instance, requestId } = JSON.parse(answer.body)
    assert.deepEqual(
      [answer.status, answer.contentType, reason],
      [status, 'application/problem+json', 'REQUEST_INVALID'],
    )
    assert.deepEqual([instance, requestId.length], ['', 36])
    assert.ok(!answer.body.includes('HPE_'))
  })
}

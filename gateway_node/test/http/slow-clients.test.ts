import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { buildTestApp } from '../build-app.ts'
import { JobsClient } from '../features/jobs/jobs-client.ts'
import { RawConnection } from '../raw-connection.ts'
import { tokenOf } from '../sign-in.ts'

const timeLimit = { timeout: 20_000 }

async function openRaw(t: TestContext, environment: Record<string, string>) {
  const { app } = await buildTestApp(t, environment)
  return RawConnection.open(app)
}

const shortTimeouts = { GATEWAY_HEADERS_MS: '500', GATEWAY_REQUEST_MS: '600' }

test('a connection that sends nothing gets 408 and is closed', timeLimit, async (t) => {
  const connection = await openRaw(t, shortTimeouts)

  const { status, contentType, body } = await connection.untilClosed()

  assert.deepEqual([status, contentType, JSON.parse(body).reason], [408, 'application/problem+json', 'REQUEST_INVALID'])
})

test('a connection whose headers never end gets 408 and is closed', timeLimit, async (t) => {
  const connection = await openRaw(t, shortTimeouts)

  connection.send('GET /healthz HTTP/1.1\r\nhost: gateway\r\nx-slow: ')

  assert.equal((await connection.untilClosed()).status, 408)
})

test('a connection whose body never ends gets 408 and is closed', timeLimit, async (t) => {
  const connection = await openRaw(t, shortTimeouts)
  const headers = { 'content-type': 'application/json', 'content-length': 1000 }

  connection.sendHead('POST /v1/sessions', headers).send('{')

  assert.equal((await connection.untilClosed()).status, 408)
})

test('an idle connection is closed after its last answer', timeLimit, async (t) => {
  const connection = await openRaw(t, { GATEWAY_KEEP_ALIVE_MS: '50' })

  connection.sendHead('GET /healthz')

  assert.equal((await connection.untilClosed()).status, 200)
})

test('the connection of a client that never reads its file is closed, and so is the file', timeLimit, async (t) => {
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
  test(`${what} is refused with a problem without internal details`, timeLimit, async (t) => {
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

import assert from 'node:assert/strict'
import { OutgoingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { buildTestApp } from '../build-app.ts'
import { JobsClient } from '../jobs/jobs-client.ts'
import { tokenOf } from '../sign-in.ts'

const requests = 600
const taken = 256

test('of the requests that arrive in one turn of the event loop 256 are taken on', async (t) => {
  const { app } = await buildTestApp(t)
  const headers = { authorization: `Bearer ${await tokenOf(app)}` }
  await setImmediate()

  const answers = await Promise.all(Array.from({ length: requests }, () => app.inject({ url: '/v1/stats', headers })))

  const refused = answers.filter(({ statusCode }) => statusCode === 429)
  const problem = refused[0]?.json()
  assert.deepEqual([refused.length, answers.length - refused.length], [requests - taken, taken])
  assert.deepEqual([problem.reason, problem.status, problem.instance], ['GATEWAY_OVERLOADED', 429, '/v1/stats'])
  assert.deepEqual(
    ['content-type', 'retry-after', 'x-request-id', 'x-content-type-options'].map((name) => refused[0]?.headers[name]),
    ['application/problem+json', '1', problem.requestId, 'nosniff'],
  )
})

test('the next turn takes on as many again, and whether the gateway is alive is told in any', async (t) => {
  const { app } = await buildTestApp(t)
  const headers = { authorization: `Bearer ${await tokenOf(app)}` }
  await setImmediate()

  const asking = Array.from({ length: requests }, () => app.inject({ url: '/v1/stats', headers }))
  const answers = await Promise.all([...asking, app.inject('/healthz')])
  await setImmediate()
  const next = await app.inject({ url: '/v1/stats', headers })

  assert.deepEqual([answers.at(-1)?.statusCode, next.statusCode], [200, 200])
})

test('what is known at once is answered once all that has arrived is read', async (t) => {
  const { app } = await buildTestApp(t)
  const seen: string[] = []
  const { end } = OutgoingMessage.prototype
  t.mock.method(OutgoingMessage.prototype, 'end', function (this: OutgoingMessage, ...rest: Parameters<typeof end>) {
    seen.push('answered')
    return end.apply(this, rest)
  })
  const askInTurn = async () => {
    await setImmediate()
    seen.push('asked')
    await app.inject('/healthz')
  }

  await Promise.all([askInTurn(), askInTurn()])

  assert.deepEqual(seen, ['asked', 'asked', 'answered', 'answered'])
})

test('a file that fails at once fails its request alone', async (t) => {
  const { app, recommender } = await buildTestApp(t)
  const { body: job } = await new JobsClient(app).ask('export')
  recommender.readResult = async () => {
    const body = new Readable({ read() {} })
    process.nextTick(() => body.destroy(new Error('lost')))
    return { header: { name: 'a', mediaType: 'text/csv', sizeBytes: 1 }, body }
  }
  const headers = { authorization: `Bearer ${await tokenOf(app)}` }
  await app.inject({ url: '/v1/stats', headers })

  const failed = await app.inject({ url: `/v1/jobs/${job.jobId}/result`, headers })

  assert.equal(failed.statusCode, 500)
})

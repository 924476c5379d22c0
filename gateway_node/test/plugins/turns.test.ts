import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { buildTestApp } from '../build-app.ts'
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

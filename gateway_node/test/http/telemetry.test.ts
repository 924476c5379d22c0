import assert from 'node:assert/strict'
import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import type { Call } from '../../src/clients/recommender/recommender.ts'
import { buildTestApp } from '../build-app.ts'
import { tokenOf } from '../sign-in.ts'

const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`

test('a request is counted by its route, not by its path', async (t) => {
  const { gateway } = await buildTestApp(t)

  await gateway.get('/v1/items/1')
  const { body } = await gateway.get('/metrics')

  const count = /gateway_http_request_duration_seconds_count\{(.*)\} 1/.exec(String(body.text))?.[1]
  assert.equal(count, 'route="/v1/items/:itemId",method="GET",status="200"')
})

test('a publication carries the traceparent of its request', async (t) => {
  const { gateway, broker } = await buildTestApp(t)
  const payload = { userId: '1', itemId: '2', rating: 3 }

  await gateway.send({ method: 'POST', url: '/v1/interactions', headers: { traceparent }, payload })

  assert.equal(broker.published[0]?.traceparent, traceparent)
})

test('an invalid traceparent is replaced', async (t) => {
  const { gateway, broker } = await buildTestApp(t)
  const headers = { traceparent: `00-${'0'.repeat(32)}-${'b'.repeat(16)}-01` }

  await gateway.send({
    method: 'POST',
    url: '/v1/interactions',
    headers,
    payload: { userId: '1', itemId: '2', rating: 3 },
  })

  assert.match(broker.published[0]?.traceparent ?? '', /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
  assert.notEqual(broker.published[0]?.traceparent, headers.traceparent)
})

test("a call expires at its request's deadline, which counts from the request's arrival", async (t) => {
  const { gateway, recommender } = await buildTestApp(t, { GATEWAY_RECOMMENDER_DEADLINE_MS: '1000' })
  const asked = t.mock.method(recommender, 'getItem')
  const before = performance.now()

  await gateway.get('/v1/items/1')

  const [[, call]] = asked.mock.calls.map((asking) => asking.arguments) as unknown as [[string, Call]]
  assert.ok(call.expiresAt >= before + 1000)
  assert.ok(call.expiresAt <= performance.now() + 1000)
})

test('a call is abandoned when its client has closed the connection', async (t) => {
  const { app, recommender } = await buildTestApp(t)
  const asked = Promise.withResolvers<Call>()
  const never = new Promise<never>(() => {})
  t.mock.method(recommender, 'getItem', (_itemId: string, call: Call) => {
    asked.resolve(call)
    return never
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo

  const headers = { authorization: `Bearer ${await tokenOf(app)}` }
  const client = request({ host: '127.0.0.1', port, path: '/v1/items/1', headers }).on('error', () => {})
  client.end()
  const call = await asked.promise
  assert.equal(call.isAbandoned?.(), false)
  client.destroy()

  await t.waitFor(() => assert.equal(call.isAbandoned?.(), true), { timeout: 20_000 })
})

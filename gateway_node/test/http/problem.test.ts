import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildTestApp } from '../build-app.ts'
import type { Answer } from '../gateway-client.ts'

const rating = { userId: '1', itemId: '2', rating: 4 }

function assertProblem({ status, headers, body }: Answer, expectedStatus: number, reason: string) {
  assert.deepEqual([status, body.reason], [expectedStatus, reason])
  assert.match(String(headers['content-type']), /^application\/problem\+json/)
  assert.equal(body.requestId, headers['x-request-id'])
  assert.equal(body.status, status)
  for (const field of ['type', 'title', 'detail', 'instance']) assert.ok(body[field], field)
}

test('an unknown path and a wrong method are problems', async (t) => {
  const { gateway } = await buildTestApp(t)

  assertProblem(await gateway.get('/v1/nothing'), 404, 'ROUTE_UNKNOWN')
  assertProblem(await gateway.get('/v1/interactions'), 404, 'ROUTE_UNKNOWN')
})

test('an undecodable path is a problem', async (t) => {
  const { gateway } = await buildTestApp(t)

  assertProblem(await gateway.get('/v1/users/%E0%A4%A/recommendations'), 400, 'REQUEST_INVALID')
})

test('a body that is not JSON is a problem', async (t) => {
  const { gateway } = await buildTestApp(t)

  assertProblem(await gateway.rateRaw('{"userId":'), 400, 'BODY_MALFORMED')
  assertProblem(await gateway.rateRaw(''), 400, 'BODY_MALFORMED')
  assertProblem(await gateway.rateRaw('{"__proto__": {"a": 1}}'), 400, 'BODY_MALFORMED')
})

test('a body of another media type or beyond the limit is a problem', async (t) => {
  const { gateway } = await buildTestApp(t)

  assertProblem(await gateway.rateRaw('<rating/>', 'text/xml'), 415, 'MEDIA_TYPE_UNSUPPORTED')
  assertProblem(await gateway.rate({ ...rating, itemId: 'x'.repeat(70_000) }), 413, 'BODY_TOO_LARGE')
})

test('each field that can not be used is named', async (t) => {
  const { gateway } = await buildTestApp(t)

  const answer = await gateway.rate({ userId: 1, rating: 6, color: 'red' })

  assertProblem(answer, 400, 'REQUEST_INVALID')
  const pointers = (answer.body.errors as { pointer: string }[]).map(({ pointer }) => pointer)
  assert.deepEqual(pointers.sort(), ['/color', '/itemId', '/rating', '/userId'])
})

test('a retryable problem has the header Retry-After', async (t) => {
  const { gateway, recommender } = await buildTestApp(t)
  recommender.fail('RECOMMENDER_UNAVAILABLE')

  const answer = await gateway.recommend('1')

  assertProblem(answer, 503, 'RECOMMENDER_UNAVAILABLE')
  assert.equal(answer.headers['retry-after'], '1')
})

test('the kind of an error decides its HTTP status', async (t) => {
  const { gateway, recommender } = await buildTestApp(t)
  const statuses = [
    ['RECOMMENDER_OVERLOADED', 429],
    ['DEADLINE_EXCEEDED', 504],
    ['UPSTREAM_FAILED', 502],
    ['STORE_UNAVAILABLE', 503],
  ] as const

  for (const [reason, status] of statuses) {
    recommender.fail(reason)
    assertProblem(await gateway.recommend('1'), status, reason)
  }
})

test('the problem of a bug has no internal details', async (t) => {
  const { gateway, recommender } = await buildTestApp(t)
  recommender.getItem = () => {
    throw new TypeError('secret inside')
  }

  const answer = await gateway.get('/v1/items/1')

  assertProblem(answer, 500, 'INTERNAL')
  assert.ok(!JSON.stringify(answer.body).includes('secret'))
})

test('a valid request id is kept, and an invalid one is replaced', async (t) => {
  const { gateway } = await buildTestApp(t)

  const kept = await gateway.get('/v1/items/1', { 'x-request-id': 'abc-123' })
  const replaced = await gateway.get('/v1/items/1', { 'x-request-id': 'a b\tc' })

  assert.equal(kept.headers['x-request-id'], 'abc-123')
  assert.match(String(replaced.headers['x-request-id']), /^[0-9a-f-]{36}$/)
})

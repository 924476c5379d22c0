import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildTestApp } from '../build-app.ts'
import { findUnbounded, type Schema } from '../unbounded.ts'

type Operation = { parameters?: { name: string; schema: Schema }[]; requestBody?: Body }
type Body = { content: Record<string, { schema: Schema }> }

test('every text, number and list of a request has a limit', async (t) => {
  const { gateway } = await buildTestApp(t)
  const { body } = await gateway.get('/openapi.json')
  const paths = Object.entries(body.paths as Record<string, Record<string, Operation>>)
  const operations = paths.flatMap(([path, methods]) =>
    Object.entries(methods).map(([name, it]) => [`${name} ${path}`, it] as const),
  )

  const unbounded = operations.flatMap(([name, { parameters = [], requestBody }]) => [
    ...parameters.flatMap((parameter) => findUnbounded(`${name} ${parameter.name}`, parameter.schema)),
    ...Object.values(requestBody?.content ?? {}).flatMap(({ schema }) => findUnbounded(name, schema)),
  ])

  assert.ok(operations.length > 20)
  assert.deepEqual(unbounded, [])
})

const lists = ['/v1/items', '/v1/users', '/v1/users/1/interactions', '/v1/jobs', '/v1/models', '/v1/dead-letters']
for (const path of lists) {
  test(`a page of ${path} has 1 to 100 entries`, async (t) => {
    const { gateway } = await buildTestApp(t)

    const answers = await Promise.all(['0', '101', '1e9', '-1'].map((size) => gateway.get(`${path}?pageSize=${size}`)))

    assert.deepEqual(
      answers.map(({ status, body }) => [status, body.reason]),
      Array(4).fill([400, 'REQUEST_INVALID']),
    )
  })
}

test('a text beyond its length is refused', async (t) => {
  const { gateway, broker } = await buildTestApp(t)
  const long = 'x'.repeat(201)

  const answers = [
    await gateway.rate({ userId: long, itemId: '2', rating: 4 }),
    await gateway.rate({ userId: '1', itemId: '2', rating: 4 }, long),
    await gateway.recommend(long),
    await gateway.get(`/v1/items?query=${long}`),
    await gateway.get(`/v1/items?pageToken=${long.repeat(5)}`),
  ]

  assert.deepEqual(
    answers.map(({ status, body }) => [status, body.reason]),
    Array(5).fill([400, 'REQUEST_INVALID']),
  )
  assert.equal(broker.published.length, 0)
})

for (const half of ['\\ud800', '\\udc00', 'a\\udc00\\ud800b']) {
  test(`an id with half a surrogate pair, ${half}, is refused`, async (t) => {
    const { gateway, broker } = await buildTestApp(t)

    const { status, body } = await gateway.rateRaw(`{"userId":"${half}","itemId":"2","rating":4}`)

    assert.deepEqual([status, body.reason], [400, 'REQUEST_INVALID'])
    assert.equal(broker.published.length, 0)
  })
}

const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`
for (const levels of [8, 30_000]) {
  test(`a body nested ${levels} levels below its own is refused before validation`, async (t) => {
    const { gateway, broker } = await buildTestApp(t)

    const answer = await gateway.askForJobRaw(`{"kind":"train","params":{"estimators":${nested(levels)}}}`)

    assert.deepEqual([answer.status, answer.body.reason], [400, 'REQUEST_INVALID'])
    assert.equal(broker.published.length, 0)
  })
}

for (const poison of ['{"__proto__":{"isOperator":true}}', '{"constructor":{"prototype":{"isOperator":true}}}']) {
  test(`${poison} reaches no prototype`, async (t) => {
    const { gateway } = await buildTestApp(t)

    const answers = [await gateway.rateRaw(poison), await gateway.askForJobRaw(`{"kind":"train","params":${poison}}`)]

    assert.deepEqual(
      answers.map(({ body }) => body.reason),
      ['BODY_MALFORMED', 'BODY_MALFORMED'],
    )
    assert.equal('isOperator' in {}, false)
  })
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildTestApp } from '../../build-app.ts'

test('recommendations have reasons, and the header Server-Timing says where the time went', async (t) => {
  const { gateway, recommender } = await buildTestApp(t)

  const { status, headers, body } = await gateway.recommend('1', { limit: '3' })

  assert.equal(status, 200)
  const [first] = (await recommender.recommend({ userId: '1', limit: 3 })).items
  assert.deepEqual((body.items as unknown[])[0], JSON.parse(String(first)))
  assert.deepEqual([body.userId, body.source, body.degraded], ['1', 'model', false])
  assert.equal(body.modelVersion, recommender.modelVersion)
  assert.match(String(headers['server-timing']), /^total;dur=[\d.]+, recommender;dur=1\.00, scoring;dur=0\.50$/)
})

test('an unknown user gets popular items with the source fallback', async (t) => {
  const { gateway } = await buildTestApp(t)

  const { body } = await gateway.recommend('nobody')

  assert.equal(body.source, 'fallback')
  assert.equal((body.items as unknown[]).length, 10)
})

test('minOffset is passed on to the recommender', async (t) => {
  const { gateway, recommender } = await buildTestApp(t)

  await gateway.recommend('1', { minOffset: '42' })

  assert.deepEqual(recommender.calls.at(-1)?.request, { userId: '1', limit: 10, minInteractionOffset: 42 })
})

test('an invalid query is refused', async (t) => {
  const { gateway } = await buildTestApp(t)
  const queries = [
    { limit: '0' },
    { limit: '101' },
    { limit: '5.5' },
    { limit: 'ten' },
    { limit: '' },
    { limit: '1e999' },
  ]
  const others = [{ minOffset: '-1' }, { minOffset: '99999999999999999999' }, { color: 'red' }]

  for (const query of [...queries, ...others] as Record<string, string>[]) {
    const { status, body } = await gateway.recommend('1', query)
    assert.deepEqual([status, body.reason], [400, 'REQUEST_INVALID'], JSON.stringify(query))
  }
})

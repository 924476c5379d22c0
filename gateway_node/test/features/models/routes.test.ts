import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildTestApp } from '../../build-app.ts'

test('versions are listed with their metrics', async (t) => {
  const { gateway, recommender } = await buildTestApp(t)

  const { body } = await gateway.get('/v1/models')

  assert.deepEqual(body, { models: [await recommender.getModel('')] })
})

test('a promotion returns the version', async (t) => {
  const { gateway, recommender } = await buildTestApp(t)

  const { status, body } = await gateway.promote(recommender.modelVersion)

  assert.deepEqual([status, body.version, body.live], [200, recommender.modelVersion, true])
})

test('a promotion of an unknown version is a 404', async (t) => {
  const { gateway } = await buildTestApp(t)

  const { status, body } = await gateway.promote('none')

  assert.deepEqual([status, body.reason], [404, 'MODEL_VERSION_UNKNOWN'])
})

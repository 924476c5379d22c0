import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kindNames } from '../../src/features/jobs/kinds.ts'
import { jobKinds, readParams, refreshJobKinds } from '../../web/state/job-kinds.js'
import { buildTestApp } from '../build-app.ts'
import { answerWith } from './browser.ts'

test('the page offers every kind of job of the contract, with its parameters', async (t) => {
  const { gateway } = await buildTestApp(t)
  const { body } = await gateway.get('/openapi.json')
  answerWith(t, { '/openapi.json': () => body })

  await refreshJobKinds()

  const kinds = jobKinds.value
  assert.deepEqual(
    kinds.map(({ name }) => name),
    kindNames,
  )
  const folds = kinds.flatMap(({ fields }) => fields).find(({ name }) => name === 'folds')
  assert.deepEqual([folds?.type, folds?.minimum, folds?.maximum, folds?.default], ['integer', 2, 10, 3])
})

test('a form returns only the parameters that are filled in', () => {
  const fields = [
    { name: 'estimators', type: 'array' },
    { name: 'folds', type: 'integer' },
    { name: 'seed', type: 'integer' },
  ]
  const form = new FormData()
  for (const estimator of ['ease', 'svd']) form.append('estimators', estimator)
  form.append('folds', '')
  form.append('seed', '7')

  const params = readParams({ name: 'train', description: '', fields }, form)

  assert.deepEqual(params, { estimators: ['ease', 'svd'], seed: 7 })
})

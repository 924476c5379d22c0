import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatBytes, formatFilms, formatMetrics, formatStars } from '../../web/format.js'

test('one is singular, and any other number is plural', () => {
  assert.deepEqual([0, 1, 2, 1000].map(formatFilms), [
    '0 films',
    '1 film',
    '2 films',
    `${(1000).toLocaleString()} films`,
  ])
  assert.deepEqual([0.5, 1, 4.5].map(formatStars), ['0.5 stars', '1 star', '4.5 stars'])
  assert.deepEqual([0, 1, 1023].map(formatBytes), ['0 bytes', '1 byte', `${(1023).toLocaleString()} bytes`])
})

test('a metric has its interval beside it, and known metrics come first', () => {
  const metrics = { novelty: 3, map: 0.1486, ndcg_at_10_interval: 0.0054, ndcg_at_10: 0.4813, fit_interval: 2 }

  assert.deepEqual(
    formatMetrics(metrics).map(({ name, value }) => `${name} ${value}`),
    ['nDCG@10 .4813 ± .0054', 'MAP .1486', 'fit interval 2', 'novelty 3'],
  )
})

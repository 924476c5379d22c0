import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatBytes, formatFilms, formatStars } from '../../web/format.js'

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

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Recommendations } from '../../src/clients/recommender/recommender.ts'
import { renderRecommendations } from '../../src/http/recommendations-json.ts'

const answerWith = (itemId: string): Recommendations => ({
  userId: '196',
  modelVersion: 'first',
  source: 'cache',
  degraded: false,
  items: [JSON.stringify({ itemId })],
  asOfOffset: null,
  timings: {},
})

test('each cached answer keeps its own JSON', () => {
  const [first, second] = [answerWith('1'), answerWith('2')]

  const texts = [first, second, first].map((answer) => renderRecommendations(answer))

  assert.deepEqual(
    texts.map((text) => JSON.parse(text).items[0].itemId),
    ['1', '2', '1'],
  )
})

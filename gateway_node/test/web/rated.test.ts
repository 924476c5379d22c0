import assert from 'node:assert/strict'
import { test } from 'node:test'
import { historyRating, learnRatings } from '../../web/state/rated.js'
import { ownRating } from '../../web/state/ratings.js'
import { answerWith } from './browser.ts'

const rated = (itemId: string, rating: number | null) => ({
  interactionId: `${itemId}-${rating}`,
  itemId,
  title: `Film ${itemId}`,
  rating,
  occurredAt: null,
})

test('a film on any page of the history shows its stars', async (t) => {
  const pages: Record<string, unknown> = {
    '': { interactions: [rated('1', 4), rated('2', null)], nextPageToken: 'second' },
    second: { interactions: [rated('3', 2.5), rated('1', 1)] },
  }
  answerWith(t, { '/v1/users/7/interactions': (query) => pages[query.get('pageToken') ?? ''] })

  await learnRatings('7')

  assert.deepEqual(
    ['1', '2', '3', '4'].map((itemId) => ownRating('7', itemId)),
    [4, null, 2.5, null],
  )
  assert.equal(ownRating('8', '1'), null)
})

test('a history that could not be read is read again at the next call', async (t) => {
  t.mock.method(console, 'warn', () => {})
  const answers: Parameters<typeof answerWith>[1] = {}
  answerWith(t, answers)
  await learnRatings('9')

  answers['/v1/users/9/interactions'] = () => ({ interactions: [rated('1', 5)] })
  await learnRatings('9')

  assert.equal(historyRating('9', '1')?.rating, 5)
})

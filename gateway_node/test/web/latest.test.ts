import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HistoryPanel } from '../../web/components/history-panel.js'
import { expectInHistory, interactions, pendingInteractions } from '../../web/state/history.js'
import { isAtLeastAsLate, mergeHistory } from '../../web/state/latest.js'
import { learnRatings } from '../../web/state/rated.js'
import { ownRating, rateItem } from '../../web/state/ratings.js'
import { viewerId } from '../../web/state/viewer.js'
import { answerWith, textOf } from './browser.ts'

const day = (number: number) => `2026-01-0${number}T00:00:00.000Z`
const interaction = (itemId: string, rating: number, occurredAt: string | null) => ({
  interactionId: `${itemId} ${occurredAt}`,
  itemId,
  title: `Film ${itemId}`,
  rating,
  occurredAt,
})
const film = (itemId: string) => ({ itemId, title: `Film ${itemId}`, year: null, genres: [] })

function shown(onTheirWay: ReturnType<typeof interaction>[], read: ReturnType<typeof interaction>[]) {
  return mergeHistory(onTheirWay, read).map((row) => [row.interaction.rating, row.isOnItsWay])
}

test('of two ratings the later one counts, of equal times the second, and one without a time is the oldest', () => {
  const of = (occurredAt: string | null) => ({ occurredAt })

  assert.equal(isAtLeastAsLate(of(day(1)), of(day(2))), true)
  assert.equal(isAtLeastAsLate(of(day(2)), of(day(1))), false)
  assert.equal(isAtLeastAsLate(of(day(1)), of('2026-01-01T01:00:00+01:00')), true)
  assert.equal(isAtLeastAsLate(of(null), of(day(1))), true)
  assert.equal(isAtLeastAsLate(of(day(1)), of(null)), false)
  assert.equal(isAtLeastAsLate(of(null), of(null)), true)
})

test('a pending rating replaces older ratings of its film and is sorted by its time', () => {
  const read = [interaction('2', 2, day(5)), interaction('1', 5, day(1)), interaction('3', 3, null)]

  assert.deepEqual(shown([interaction('1', 1, day(3))], read), [
    [2, false],
    [1, true],
    [3, false],
  ])
})

test('a pending rating hides no later rating of its film, which an import may add', () => {
  const read = [interaction('1', 5, day(9))]

  assert.deepEqual(shown([interaction('1', 1, day(3))], read), [
    [5, false],
    [1, true],
  ])
})

test('histories without times keep the order in which they were read', () => {
  const read = [interaction('1', 1, null), interaction('2', 2, null), interaction('3', 3, null)]

  assert.deepEqual(shown([], read), [
    [1, false],
    [2, false],
    [3, false],
  ])
})

test('a late answer replaces no rating that was accepted after it', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  viewerId.value = 'late answers'
  interactions.value = []
  const accepted = (rating: number, acceptedAt: string) => ({
    interactionId: acceptedAt,
    userId: 'late answers',
    itemId: '1',
    rating,
    acceptedAt,
    offset: null,
  })

  expectInHistory('late answers', film('1'), accepted(2, day(2)))
  expectInHistory('late answers', film('1'), accepted(1, day(1)))

  assert.deepEqual(
    pendingInteractions.value.map(({ rating }) => rating),
    [2],
  )
})

test('the history panel shows the rows in the order of their times', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  viewerId.value = 'panel'
  interactions.value = [interaction('imported', 5, day(9)), interaction('rated', 4, day(1))]
  const answer = { interactionId: 'b', userId: 'panel', itemId: 'rated', rating: 1, acceptedAt: day(3), offset: null }

  expectInHistory('panel', film('rated'), answer)

  assert.match(textOf(HistoryPanel()), /Film imported.*Film rated.*in the log/)
  assert.doesNotMatch(textOf(HistoryPanel()), /Film rated.*Film rated/)
})

test('stars show the click or the history, whichever is later', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  viewerId.value = 'stars'
  answerWith(t, {
    '/v1/users/stars/interactions': () => ({
      interactions: [interaction('1', 5, day(9)), interaction('2', 5, day(1)), interaction('3', 5, null)],
    }),
    '/v1/interactions': () => ({ interactionId: 'a', acceptedAt: day(3), offset: 1, rating: 1 }),
  })
  await learnRatings('stars')

  for (const itemId of ['1', '2', '3']) await rateItem(film(itemId), 1)

  assert.deepEqual(
    ['1', '2', '3'].map((itemId) => ownRating('stars', itemId)),
    [5, 1, 1],
  )
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RecommendedItem } from '../../web/components/recommended-item.js'
import { session } from '../../web/state/session.js'
import { viewerId } from '../../web/state/viewer.js'
import { wordsAbout } from '../../web/words.js'
import { textOf } from './browser.ts'

const item = { itemId: '1', title: 'Toy Story', genres: [], score: 1, why: [{ itemId: '2', title: 'Heat' }] }
const expiresAt = '2100-01-01T00:00:00Z'

function showItem(signedIn: { role: 'operator' }, { shown = item, isPersonal = true } = {}): string {
  session.value = { token: '', expiresAt, ...signedIn }
  viewerId.value = '196'
  return textOf(RecommendedItem({ item: shown, place: 1, best: 1, isPersonal }))
}

test('a reason addresses the user as you, and names the user to the operator', () => {
  assert.match(showItem({ role: 'operator' }), /because user 196 rated Heat/)
  assert.doesNotMatch(showItem({ role: 'operator' }), /\byou/)
})

test('an item without a reason is called popular only in a list of popular items', () => {
  const shown = { ...item, score: -0.02, why: [] }

  assert.match(showItem({ role: 'operator' }, { shown, isPersonal: true }), /no rating of user 196 adds to its score/)
  assert.match(showItem({ role: 'operator' }, { shown, isPersonal: false }), /popular with all users/)
})

test('no text for the operator says you, and no text for the user says this user', () => {
  const forOperator = JSON.stringify(wordsAbout('196', true))
  const forUser = JSON.stringify(wordsAbout('196', false))

  assert.doesNotMatch(forOperator, /\b(you|your)\b/i)
  assert.doesNotMatch(forUser, /this user|with this id/)
})

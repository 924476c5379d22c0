import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { followHistory, interactions } from '../../web/state/history.js'
import { session } from '../../web/state/session.js'
import { isViewerUnknown, startViewer, viewer } from '../../web/state/viewer.js'
import { answerWith } from './browser.ts'

const signedInAs = (userId: string) => ({
  token: '',
  role: 'viewer' as const,
  userId,
  expiresAt: '2100-01-01T00:00:00Z',
})

async function openAs(userId: string) {
  session.value = signedInAs(userId)
  startViewer()
  followHistory()
  for (let turn = 0; turn < 20; turn += 1) await setImmediate()
}

test('the page of a new user sends no request that gets a 404', async (t) => {
  const asked = answerWith(t, { '/v1/users/new/interactions': () => ({ interactions: [], asOfOffset: null }) })

  await openAs('new')

  assert.deepEqual(asked, ['/v1/users/new/interactions?pageSize=10'])
  assert.deepEqual([isViewerUnknown.value, viewer.value, interactions.value], [true, null, []])
})

test('the page of a user with a history requests the number of rated films', async (t) => {
  const interaction = { interactionId: 'a', itemId: '1', title: 'Toy Story', rating: 4, occurredAt: null }
  answerWith(t, {
    '/v1/users/known': () => ({ userId: 'known', interactionCount: 1 }),
    '/v1/users/known/interactions': () => ({ interactions: [interaction], asOfOffset: 3 }),
  })

  await openAs('known')

  assert.deepEqual([isViewerUnknown.value, viewer.value], [false, { userId: 'known', interactionCount: 1 }])
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLastChanges } from '../../src/clients/user-events.ts'

/** One more than the limit. */
const users = 10_001

test("the offset of a user's last event is known", () => {
  const changes = createLastChanges()

  changes.note('1', 3)
  changes.note('1', 5)

  assert.deepEqual([changes.known('1'), changes.latestPossible('1')], [5, 5])
  assert.deepEqual([changes.known('2'), changes.latestPossible('2')], [undefined, -1])
})

test('a forgotten user counts as changed at the newest forgotten offset', () => {
  const changes = createLastChanges()
  for (let user = 0; user < users; user += 1) changes.note(`${user}`, user)

  assert.deepEqual([changes.known('0'), changes.latestPossible('0')], [undefined, 0])

  changes.clear()
  assert.deepEqual([changes.known('10000'), changes.latestPossible('0')], [undefined, -1])
})

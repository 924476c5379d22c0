// The message with which another gateway erases a user.
import { randomUUID } from 'node:crypto'
import { UserErased } from '../src/gen/whynotboth/v1/interactions.ts'

export function erasureOf(userId: string) {
  const erasureId = randomUUID()
  const body = UserErased.encode({ erasureId, userId, occurredAt: new Date('2026-01-02T03:04:05Z') }).finish()
  return { type: 'whynotboth.v1.UserErased', messageId: erasureId, body }
}

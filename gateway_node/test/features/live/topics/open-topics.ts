// Opens an app with a signed-in operator, for the tests of topics that follow interactions and recommendations.
import { randomUUID } from 'node:crypto'
import type { TestContext } from 'node:test'
import { InteractionRecorded } from '../../../../src/gen/whynotboth/v1/interactions.ts'
import { buildTestApp } from '../../../build-app.ts'
import { LiveClient } from '../live-client.ts'

export async function openTopics(t: TestContext) {
  const { app, broker, recommender } = await buildTestApp(t)
  /** Append a rating as another gateway does. */
  const rate = (userId: string, itemId = '2') => {
    const interactionId = randomUUID()
    const fields = { interactionId, userId, itemId, rating: 4, occurredAt: new Date('2026-01-02T03:04:05Z') }
    const body = InteractionRecorded.encode(fields).finish()
    return broker.append('interactions', { type: 'whynotboth.v1.InteractionRecorded', messageId: interactionId, body })
  }
  const questions = () => recommender.calls.filter(({ method }) => method === 'recommend')
  return { app, broker, recommender, rate, questions, client: await LiveClient.open(app) }
}

export const listOf = (userId: string) => `users/${userId}/recommendations`

// The interactions of the last day that came with an Idempotency-Key: a bounded fold of the log, so that any replica knows a key.
import { LRUCache } from 'lru-cache'
import type { LogHandlers, LogMessage } from '../../clients/broker/broker.ts'
import { InteractionRecorded } from '../../gen/whynotboth/v1/interactions.ts'
import type { AcceptedInteraction } from './schemas.ts'

const capacity = 100_000
const windowMs = 24 * 60 * 60 * 1000
/** Where a UUID says its version. Ids of version 5 are derived from keys; the others never come twice. */
const versionPosition = 14

export type InteractionsView = ReturnType<typeof createInteractionsView>

export function createInteractionsView() {
  const accepted = new LRUCache<string, AcceptedInteraction>({ max: capacity })

  function onMessage(message: LogMessage) {
    if (message.messageId[versionPosition] !== '5' || accepted.has(message.messageId)) return
    const interaction = toAccepted(message)
    if (!interaction) return
    const ttl = Date.parse(interaction.acceptedAt) + windowMs - Date.now()
    if (ttl > 0) accepted.set(interaction.interactionId, interaction, { ttl })
  }

  const follower: LogHandlers = { onMessage, onRestart: () => accepted.clear() }
  return { find: (interactionId: string) => accepted.get(interactionId), follower }
}

function toAccepted({ body, offset }: LogMessage): AcceptedInteraction | undefined {
  try {
    const { interactionId, userId, itemId, rating, occurredAt } = InteractionRecorded.decode(body)
    const acceptedAt = (occurredAt ?? new Date(0)).toISOString()
    return { interactionId, userId, itemId, rating, acceptedAt, offset }
  } catch {
    // The projector keeps a body that can't be decoded; no key made it.
    return undefined
  }
}

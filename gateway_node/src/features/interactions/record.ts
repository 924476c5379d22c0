// The use case "a user rated an item", the same for a request and for a frame on a socket.
import { LRUCache } from 'lru-cache'
import type { Broker, LogReader } from '../../clients/broker/broker.ts'
import type { Call, Recommender } from '../../clients/recommender/recommender.ts'
import { AppError } from '../../errors.ts'
import { InteractionRecorded } from '../../gen/whynotboth/v1/interactions.ts'
import { deriveId } from '../../http/idempotency.ts'
import type { AcceptedInteraction, NewInteraction } from './schemas.ts'
import type { InteractionsView } from './view.ts'

const route = 'POST /v1/interactions'
/** How long a recommender that doesn't answer may hold an interaction up: it is accepted without the check. */
const itemCheckMs = 300

type Parts = {
  broker: Pick<Broker, 'publish'>
  log: Pick<LogReader, 'waitFor'>
  recommender: Pick<Recommender, 'getItem'>
  view: InteractionsView
  readOwnWriteMs: number
}

export type RecordInteraction = (
  interaction: NewInteraction & { idempotencyKey?: string | undefined },
  call: Call,
) => Promise<AcceptedInteraction>

export function createRecordInteraction({ broker, log, recommender, view, readOwnWriteMs }: Parts): RecordInteraction {
  const knownItems = new LRUCache<string, true>({ max: 10_000 })
  const running = new Map<string, { interaction: NewInteraction; outcome: Promise<AcceptedInteraction> }>()

  async function requireItem(itemId: string, call: Call) {
    if (knownItems.has(itemId)) return
    try {
      const expiresAt = Math.min(call.expiresAt, performance.now() + itemCheckMs)
      await recommender.getItem(itemId, { requestId: call.requestId, traceparent: call.traceparent, expiresAt })
      knownItems.set(itemId, true)
    } catch (error) {
      // Who can't be asked mustn't hold up what users do; the readers of the log refuse an unknown item.
      if (!(error instanceof AppError && error.isRetryable)) throw error
    }
  }

  async function publish(interactionId: string, interaction: NewInteraction, call: Call): Promise<AcceptedInteraction> {
    await requireItem(interaction.itemId, call)
    const occurredAt = new Date()
    await broker.publish({
      exchange: 'interactions',
      routingKey: 'interactions',
      type: 'whynotboth.v1.InteractionRecorded',
      messageId: interactionId,
      traceparent: call.traceparent,
      body: InteractionRecorded.encode({ interactionId, ...interaction, occurredAt }).finish(),
      mandatory: true,
    })
    const offset = await log.waitFor(interactionId, readOwnWriteMs)
    const first = view.find(interactionId)
    return first
      ? requireSame(first, interaction)
      : { interactionId, ...interaction, acceptedAt: occurredAt.toISOString(), offset }
  }

  return async ({ idempotencyKey, ...interaction }, call) => {
    const interactionId = deriveId(interaction.userId, route, idempotencyKey)
    const known = view.find(interactionId)
    if (known) return requireSame(known, interaction)
    const twin = running.get(interactionId)
    if (twin) {
      requireSame(twin.interaction, interaction)
      return twin.outcome
    }
    const outcome = publish(interactionId, interaction, call).finally(() => running.delete(interactionId))
    running.set(interactionId, { interaction, outcome })
    return outcome
  }
}

function requireSame<T extends NewInteraction>(first: T, again: NewInteraction): T {
  if (first.userId === again.userId && first.itemId === again.itemId && first.rating === again.rating) return first
  throw new AppError(
    'IDEMPOTENCY_KEY_REUSED',
    'This Idempotency-Key came before with another body. Use a new key for new work.',
  )
}

// The use case "a user rated an item". A request and a frame of a socket share it.
import { LRUCache } from 'lru-cache'
import { type Static, Type } from 'typebox'
import type { Broker, LogHandlers, LogMessage, LogReader } from '../../clients/broker/broker.ts'
import type { Call, Recommender } from '../../clients/recommender/recommender.ts'
import { AppError } from '../../errors.ts'
import { InteractionRecorded } from '../../gen/whynotboth/v1/interactions.ts'
import { deriveId } from '../../http/idempotency.ts'
import { ExampleUserId, exampleUser, ItemId, Nullable, strict } from '../../http/schemas.ts'

const route = 'POST /v1/interactions'
/** A check of the item takes this long at most. Without an answer by then, the interaction is accepted unchecked. */
const itemCheckMs = 300
const maxKnownItems = 10_000
const maxKnownInteractions = 100_000
/** How long an Idempotency-Key is known. */
const keyWindowMs = 24 * 60 * 60 * 1000
/** The position of a UUID's version. Ids of version 5 are derived from keys; other ids never come twice. */
const versionPosition = 14

export const NewInteraction = Type.Object(
  {
    userId: ExampleUserId,
    itemId: ItemId,
    rating: Type.Number({ minimum: 0.5, maximum: 5, description: 'From 0.5 (worst) to 5 (best).', examples: [4] }),
  },
  { ...strict, examples: [{ userId: exampleUser, itemId: '50', rating: 4 }] },
)
export type NewInteraction = Static<typeof NewInteraction>

export const AcceptedInteraction = Type.Object({
  interactionId: Type.String({ format: 'uuid' }),
  userId: Type.String(),
  itemId: Type.String(),
  rating: Type.Number(),
  acceptedAt: Type.String({ format: 'date-time' }),
  offset: Nullable(
    Type.Integer({
      description:
        'The offset in the log, which reads take as `minOffset`. Null if this gateway did not see it in time: a second request with the same Idempotency-Key returns it, or is refused if another body came first.',
    }),
  ),
})
export type AcceptedInteraction = Static<typeof AcceptedInteraction>

export type RecordInteraction = (
  interaction: NewInteraction & { idempotencyKey?: string | undefined },
  call: Call,
) => Promise<AcceptedInteraction>

type Parts = {
  broker: Pick<Broker, 'publish'>
  log: Pick<LogReader, 'waitFor'>
  recommender: Pick<Recommender, 'getItem'>
  view: InteractionsView
  readOwnWriteMs: number
}

/** Return the function that publishes an interaction and resolves after the broker's confirm. */
export function createRecordInteraction({ broker, log, recommender, view, readOwnWriteMs }: Parts): RecordInteraction {
  const knownItems = new LRUCache<string, true>({ max: maxKnownItems })
  const running = new Map<string, { interaction: NewInteraction; outcome: Promise<AcceptedInteraction> }>()

  async function requireItem(itemId: string, call: Call) {
    if (knownItems.has(itemId)) return
    try {
      const expiresAt = Math.min(call.expiresAt, performance.now() + itemCheckMs)
      await recommender.getItem(itemId, { requestId: call.requestId, traceparent: call.traceparent, expiresAt })
      knownItems.set(itemId, true)
    } catch (error) {
      // Ratings go on while the recommender is down. The projector refuses an unknown item later.
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

export type InteractionsView = ReturnType<typeof createInteractionsView>

/** A bounded fold of the stream `interactions`: the interactions of the last day that have an Idempotency-Key. Every replica knows them. */
export function createInteractionsView() {
  const accepted = new LRUCache<string, AcceptedInteraction>({ max: maxKnownInteractions })

  function onMessage(message: LogMessage) {
    if (message.messageId[versionPosition] !== '5' || accepted.has(message.messageId)) return
    const interaction = toAccepted(message)
    if (!interaction) return
    const ttl = Date.parse(interaction.acceptedAt) + keyWindowMs - Date.now()
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
    // Gateways publish no such body, so it belongs to no key. The projector keeps it.
    return undefined
  }
}

import { type Static, Type } from 'typebox'
import { ExampleUserId, exampleUser, ItemId, Nullable, strict } from '../../http/schemas.ts'

export const NewInteraction = Type.Object(
  {
    userId: ExampleUserId,
    itemId: ItemId,
    rating: Type.Number({ minimum: 0.5, maximum: 5, description: 'From 0.5 (worst) to 5 (best).', examples: [4] }),
  },
  { ...strict, examples: [{ userId: exampleUser, itemId: '50', rating: 4 }] },
)
export type NewInteraction = Static<typeof NewInteraction>

export const IdempotencyHeaders = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 200,
      description:
        'Asking again with the same key and body changes nothing, for 24 hours and at any gateway; with another body it is refused. Of two bodies at the same moment the first in the log counts.',
    }),
  ),
})

export const AcceptedInteraction = Type.Object({
  interactionId: Type.String({ format: 'uuid' }),
  userId: Type.String(),
  itemId: Type.String(),
  rating: Type.Number(),
  acceptedAt: Type.String({ format: 'date-time' }),
  offset: Nullable(
    Type.Integer({
      description:
        'Where it stands in the log; reads take it as `minOffset`. Null where that was not seen in time: asking again with the same Idempotency-Key tells, and tells too whether another body came first.',
    }),
  ),
})
export type AcceptedInteraction = Static<typeof AcceptedInteraction>

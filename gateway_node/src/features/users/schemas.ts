import { type Static, Type } from 'typebox'
import { ExampleUserId, NextPageToken, Nullable, pageQuery, strict, UserId } from '../../http/schemas.ts'

export const UserPath = Type.Object({ userId: UserId })
export const ErasedUserPath = Type.Object({ userId: ExampleUserId })

export const UsersQuery = Type.Object(
  {
    query: Type.String({ maxLength: 200, default: '', description: 'Only users whose id contains this.' }),
    ...pageQuery,
  },
  strict,
)

export const User = Type.Object({ userId: Type.String(), interactionCount: Type.Integer() })

export const UserList = Type.Object({ users: Type.Array(User), nextPageToken: NextPageToken })

export const InteractionsQuery = Type.Object(pageQuery, strict)

const Interaction = Type.Object({
  interactionId: Type.String(),
  itemId: Type.String(),
  title: Type.String(),
  rating: Nullable(Type.Number()),
  occurredAt: Nullable(Type.String({ format: 'date-time' })),
})

export const InteractionList = Type.Object({
  interactions: Type.Array(Interaction),
  nextPageToken: NextPageToken,
  asOfOffset: Nullable(Type.Integer({ description: 'The last offset of the log that this page can know of.' })),
})

export const AcceptedErasure = Type.Object({
  userId: Type.String(),
  acceptedAt: Type.String({ format: 'date-time' }),
  offset: Nullable(
    Type.Integer({
      description:
        'Where the erasure stands in the log; reads that take it as `minOffset` know of it. Null where that was not seen in time.',
    }),
  ),
})
export type AcceptedErasure = Static<typeof AcceptedErasure>

// The use case "erase a user": publish the erasure to the log. Each reader of the log erases its own copies.
import { randomUUID } from 'node:crypto'
import { type Static, Type } from 'typebox'
import type { Broker, LogReader } from '../../clients/broker/broker.ts'
import type { Call } from '../../clients/recommender/recommender.ts'
import { userErased } from '../../clients/user-events.ts'
import { UserErased } from '../../gen/whynotboth/v1/interactions.ts'
import { Nullable } from '../../http/schemas.ts'

export const AcceptedErasure = Type.Object({
  userId: Type.String(),
  acceptedAt: Type.String({ format: 'date-time' }),
  offset: Nullable(
    Type.Integer({
      description:
        'The offset in the log, which reads take as `minOffset`. Null if this gateway did not see it in time.',
    }),
  ),
})
export type AcceptedErasure = Static<typeof AcceptedErasure>

type Parts = {
  broker: Pick<Broker, 'publish'>
  log: Pick<LogReader, 'waitFor'>
  readOwnWriteMs: number
}

/** The function doesn't check whether the user is known: the log may hold interactions that no reader has seen yet. */
export function createEraseUser({ broker, log, readOwnWriteMs }: Parts) {
  return async (userId: string, call: Call): Promise<AcceptedErasure> => {
    const erasureId = randomUUID()
    const occurredAt = new Date()
    await broker.publish({
      exchange: 'interactions',
      routingKey: 'interactions',
      type: userErased,
      messageId: erasureId,
      traceparent: call.traceparent,
      body: UserErased.encode({ erasureId, userId, occurredAt }).finish(),
      mandatory: true,
    })
    const offset = await log.waitFor(erasureId, readOwnWriteMs)
    return { userId, acceptedAt: occurredAt.toISOString(), offset }
  }
}

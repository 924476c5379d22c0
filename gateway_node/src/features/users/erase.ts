// The use case "erase a user": a fact on the log. Each of its readers erases what it keeps.
import { randomUUID } from 'node:crypto'
import type { Broker, LogReader } from '../../clients/broker/broker.ts'
import type { Call } from '../../clients/recommender/recommender.ts'
import { userErased } from '../../clients/user-events.ts'
import { UserErased } from '../../gen/whynotboth/v1/interactions.ts'
import type { AcceptedErasure } from './schemas.ts'

type Parts = {
  broker: Pick<Broker, 'publish'>
  log: Pick<LogReader, 'waitFor'>
  readOwnWriteMs: number
}

/** Asks nobody whether the user is known: the log may hold what no reader has seen yet. */
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

// What the gateway asks of the broker, in the gateway's own words. Types only: the AMQP client and the test's fake both fit.

export type Publication = {
  /** Empty: the default exchange, whose routing keys are names of queues and streams. */
  exchange: string
  routingKey: string
  /** The full name of the protobuf message, such as `whynotboth.v1.JobRequested`. */
  type: string
  messageId: string
  correlationId?: string
  traceparent?: string
  body: Uint8Array
  /** True: a publication that no queue takes is a failure. */
  mandatory: boolean
}

export type LogMessage = {
  offset: number
  type: string
  messageId: string
  correlationId: string | undefined
  timestamp: Date | undefined
  traceparent: string | undefined
  body: Uint8Array
}

export type LogStart = 'first' | 'next' | { timestamp: Date }

export type LogHandlers = {
  onMessage: (message: LogMessage) => void
  /** The stream isn't the one that was read before (a fresh broker, or retention passed it): what was folded is void, and all follows from the first. */
  onRestart?: () => void
  /** The reader lost the broker. It attaches again by itself and goes on after `lastOffset`. */
  onDetached?: () => void
}

export interface LogReader {
  readonly isAttached: boolean
  /** Whether all that the stream held at the last attachment has been read. */
  readonly isCaughtUp: boolean
  readonly lastOffset: number | null
  /** Asks the broker whether all that the stream holds now has been read. False if the broker is lost meanwhile. */
  hasReadToEnd(): Promise<boolean>
  /** The offset of a message, as soon as this reader has seen it; null if it doesn't within the time. Asking after it came is fine. */
  waitFor(messageId: string, withinMs: number): Promise<number | null>
  close(): Promise<void>
}

export interface Broker {
  readonly isConnected: boolean
  /** Publications that this process still holds, as the broker has neither confirmed nor refused them. Bounded. */
  readonly unconfirmed: number
  /** Resolves on the broker's confirm. Rejects with BROKER_UNAVAILABLE otherwise, within the confirm timeout; at once where the broker is away or blocks. */
  publish(publication: Publication): Promise<void>
  readStream(name: string, from: LogStart, handlers: LogHandlers): LogReader
  /** Fires with the message's body when a version went live, by the fanout `models`. Hints may be missed. */
  onHint(listener: (body: Uint8Array) => void): () => void
  close(): Promise<void>
}

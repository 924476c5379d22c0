// The broker as the rest of the gateway sees it. Types only: the AMQP client and the fake of the tests implement them.

export type Publication = {
  /** Empty for the default exchange, whose routing keys are names of queues and streams. */
  exchange: string
  routingKey: string
  /** The full name of the protobuf message, such as `whynotboth.v1.JobRequested`. */
  type: string
  messageId: string
  correlationId?: string
  traceparent?: string
  body: Uint8Array
  /** If true, `publish` rejects a message that no queue takes. */
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
  /**
   * The stream no longer holds the last message that was read: the broker is a fresh one, or retention removed the message. Drop what was folded;
   * all messages follow again from the first.
   */
  onRestart?: () => void
  /** The reader lost the broker. It attaches again by itself and continues after `lastOffset`. */
  onDetached?: () => void
}

export interface LogReader {
  /** Start to read. Each event goes to the followers in their order. Call it once, with all followers, so that none misses the beginning. */
  open(followers: readonly LogHandlers[]): void
  readonly isAttached: boolean
  /** Whether the reader has read everything that the stream held when it attached. */
  readonly isCaughtUp: boolean
  readonly lastOffset: number | null
  /** Ask the broker, and resolve with true once the reader has read all that the stream holds now. False if it loses the broker meanwhile. */
  hasReadToEnd(): Promise<boolean>
  /** Resolve with the offset of a message once this reader has read it, which may be before the call; with null after `withinMs`. */
  waitFor(messageId: string, withinMs: number): Promise<number | null>
  close(): Promise<void>
}

export interface Broker {
  readonly isConnected: boolean
  /** Publications that the broker has neither confirmed nor refused yet. This process holds at most 5,000. */
  readonly unconfirmed: number
  /**
   * Resolve on the broker's confirm. Otherwise reject with BROKER_UNAVAILABLE: at once if the broker is away or blocks publications, and after the
   * confirm timeout at the latest.
   */
  publish(publication: Publication): Promise<void>
  /** Return a reader of the stream, which reads once it is opened. */
  readStream(name: string, from: LogStart): LogReader
  /** Call the listener with the body of each message of the fanout `models`: a version went live. Hints may be missed. Returns the way to stop. */
  onHint(listener: (body: Uint8Array) => void): () => void
  close(): Promise<void>
}

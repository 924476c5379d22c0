// Translates the AMQP properties of a message, in both directions. The body is protobuf, and this file doesn't decode it.
import type { Message, Options } from 'amqplib'
import type { LogMessage, LogStart, Publication } from './broker.ts'

export function toPublishOptions(publication: Publication): Options.Publish {
  const { type, messageId, correlationId, traceparent, mandatory } = publication
  return {
    type,
    messageId,
    correlationId,
    mandatory,
    timestamp: Math.floor(Date.now() / 1000),
    contentType: 'application/x-protobuf',
    persistent: true,
    headers: traceparent ? { traceparent } : {},
  }
}

export function toLogMessage(message: Message): LogMessage {
  const { type, messageId, correlationId, timestamp, headers } = message.properties
  return {
    offset: Number(headers?.['x-stream-offset']),
    type: type ?? '',
    messageId: messageId ?? '',
    correlationId: correlationId ?? undefined,
    timestamp: timestamp === undefined ? undefined : new Date(Number(timestamp) * 1000),
    traceparent: typeof headers?.traceparent === 'string' ? headers.traceparent : undefined,
    body: message.content,
  }
}

/** Where a consumer of a stream starts, as AMQP takes it. */
export function toOffsetArgument(from: LogStart | number): unknown {
  if (typeof from === 'number') return { '!': 'int64', value: from }
  if (typeof from === 'string') return from
  return { '!': 'timestamp', value: Math.floor(from.timestamp.getTime() / 1000) }
}

// Batches the acknowledgements of a stream's consumers: one frame for many messages instead of a frame for each.
import type { Channel, ConsumeMessage } from 'amqplib'

/** The broker sends more messages after each acknowledgement, so frequent ones make small deliveries. */
const batchMs = 20

/**
 * Return a function that takes each delivery and acknowledges 20 ms after the first, or after `maxBatch` of them. Use one for all consumers of a
 * channel: an acknowledgement includes all earlier messages, and the broker closes a channel that acknowledges a message twice.
 */
export function batchAcknowledgements(channel: Pick<Channel, 'ack'>, maxBatch: number) {
  let newest: ConsumeMessage | undefined
  let count = 0
  let timer: NodeJS.Timeout | undefined

  function acknowledge() {
    clearTimeout(timer)
    try {
      if (newest) channel.ack(newest, true)
    } catch {
      // The channel is closed. The broker delivers its messages again on the next channel.
    }
    newest = timer = undefined
    count = 0
  }

  return (delivery: ConsumeMessage) => {
    newest = delivery
    count += 1
    timer ??= setTimeout(acknowledge, batchMs)
    if (count >= maxBatch) acknowledge()
  }
}

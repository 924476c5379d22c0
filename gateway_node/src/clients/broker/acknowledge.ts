// How a reader of a stream acknowledges.
import type { Channel, ConsumeMessage } from 'amqplib'

/** The broker sends more with each acknowledgement, so many of them make small deliveries. */
const gatherMs = 20

/**
 * One acknowledgement for all that comes in a while, or for so many, instead of a frame for each message. For all consumers of a channel: each
 * acknowledgement is of what came before it, too, and the broker ends a channel that acknowledges twice.
 */
export function acknowledgeTogether(channel: Pick<Channel, 'ack'>, atMost: number) {
  let newest: ConsumeMessage | undefined
  let count = 0
  let timer: NodeJS.Timeout | undefined

  function acknowledge() {
    clearTimeout(timer)
    try {
      if (newest) channel.ack(newest, true)
    } catch {
      // The channel has ended meanwhile, and what it delivered comes again on the next.
    }
    newest = timer = undefined
    count = 0
  }

  return (delivery: ConsumeMessage) => {
    newest = delivery
    count += 1
    timer ??= setTimeout(acknowledge, gatherMs)
    if (count >= atMost) acknowledge()
  }
}

// How a reader of a stream acknowledges.
import type { Channel, ConsumeMessage } from 'amqplib'

/** The broker sends more with each acknowledgement, so many of them make small deliveries. */
const gatherMs = 20

/** One acknowledgement for all that comes in a while, instead of a frame for each message. */
export function acknowledgeTogether(channel: Channel) {
  let newest: ConsumeMessage | undefined

  function acknowledge() {
    try {
      if (newest) channel.ack(newest, true)
    } catch {
      // The channel has ended meanwhile, and what it delivered comes again on the next.
    }
    newest = undefined
  }

  return (delivery: ConsumeMessage) => {
    if (!newest) setTimeout(acknowledge, gatherMs)
    newest = delivery
  }
}

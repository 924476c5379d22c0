// How a reader of a stream acknowledges.
import type { Channel, ConsumeMessage } from 'amqplib'

/** One acknowledgement for all that one turn of the event loop brings, instead of a frame for each message. */
export function acknowledgeByTurns(channel: Channel) {
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
    if (!newest) setImmediate(acknowledge)
    newest = delivery
  }
}

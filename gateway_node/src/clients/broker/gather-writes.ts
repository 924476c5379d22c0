// amqplib writes each message to the connection by itself, and the broker wakes for each: docs/adr/0011.
import type { Writable } from 'node:stream'

/** What is written without a pause leaves in one piece. */
export function gatherWrites(stream: Writable): void {
  const write = stream.write.bind(stream) as (...args: unknown[]) => boolean
  const send = () => stream.uncork()
  stream.write = (...args: unknown[]) => {
    if (stream.writableCorked === 0) {
      stream.cork()
      process.nextTick(send)
    }
    return write(...args)
  }
}

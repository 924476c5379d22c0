// Consumes the fanout `models` from a queue of this process, which the broker deletes with the connection. Messages sent while the connection is
// lost are missed.
import type { ChannelModel } from 'amqplib'
import type { BaseLogger } from 'pino'
import { shield } from '../listeners.ts'

export type HintListener = (body: Uint8Array) => void

export function createHints(logger: Pick<BaseLogger, 'warn'>) {
  const listeners = new Set<HintListener>()

  function notify(body: Uint8Array) {
    for (const listener of listeners) listener(body)
  }

  return {
    async listen(opened: ChannelModel) {
      const channel = await opened.createChannel()
      channel.on('error', (error) => logger.warn({ err: error }, 'hint channel failed'))
      channel.on('close', () => opened.close().catch(() => {}))
      const { queue } = await channel.assertQueue('', { exclusive: true, autoDelete: true })
      await channel.bindQueue(queue, 'models', '')
      await channel.consume(queue, (message) => message && notify(message.content), { noAck: true })
    },
    /** Log the error of a listener, such as a body that can't be decoded. The channel and the other listeners go on. */
    onHint(listener: HintListener) {
      const shielded = shield(listener, (error) => logger.warn({ err: error }, 'hint not handled'))
      listeners.add(shielded)
      return () => listeners.delete(shielded)
    },
  }
}

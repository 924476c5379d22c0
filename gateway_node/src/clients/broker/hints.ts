// Listens to the fanout `models` on a queue of this process alone, which the broker deletes with the connection. What comes while it is away is missed.
import type { ChannelModel } from 'amqplib'
import type { BaseLogger } from 'pino'
import { shield } from '../listeners.ts'

export type HintListener = (body: Uint8Array) => void

export function createHints(logger: Pick<BaseLogger, 'warn'>) {
  const listeners = new Set<HintListener>()

  function tell(body: Uint8Array) {
    for (const listener of listeners) listener(body)
  }

  return {
    async listen(opened: ChannelModel) {
      const channel = await opened.createChannel()
      channel.on('error', (error) => logger.warn({ err: error }, 'hint channel failed'))
      channel.on('close', () => opened.close().catch(() => {}))
      const { queue } = await channel.assertQueue('', { exclusive: true, autoDelete: true })
      await channel.bindQueue(queue, 'models', '')
      await channel.consume(queue, (message) => message && tell(message.content), { noAck: true })
    },
    /** A body that a listener can't read is its publisher's bug, and no reason to lose the channel or the other listeners. */
    onHint(listener: HintListener) {
      const shielded = shield(listener, (error) => logger.warn({ err: error }, 'hint not handled'))
      listeners.add(shielded)
      return () => listeners.delete(shielded)
    },
  }
}

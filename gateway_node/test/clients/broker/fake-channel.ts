// A fake of a confirm channel and its connection. The test decides what the broker answers.
import { EventEmitter } from 'node:events'
import type { ChannelModel, ConfirmChannel } from 'amqplib'

type Settle = (error: Error | null) => void

export class FakeChannel {
  readonly connection = new EventEmitter()
  readonly #events = new EventEmitter()
  readonly #unsettled: { messageId: string; settle: Settle }[] = []

  /** The arguments of the publisher's `use`. */
  get parts(): [ChannelModel, ConfirmChannel] {
    const channel = Object.assign(this.#events, { publish: this.#publish })
    return [this.connection as ChannelModel, channel as unknown as ConfirmChannel]
  }

  readonly #publish = (
    _exchange: string,
    _key: string,
    _body: Buffer,
    options: { messageId: string },
    settle: Settle,
  ) => this.#unsettled.push({ messageId: options.messageId, settle })

  /** The number of published messages that aren't settled yet. */
  get unsettled(): number {
    return this.#unsettled.length
  }

  confirmAll(): void {
    for (const { settle } of this.#unsettled.splice(0)) settle(null)
  }

  /** Return each message, then confirm it, as RabbitMQ does if no queue takes it. */
  returnAll(): void {
    for (const { messageId } of this.#unsettled) this.#events.emit('return', { properties: { messageId } })
    this.confirmAll()
  }

  /** Close as a channel of amqplib does: unsettled messages fail. */
  end(): void {
    for (const { settle } of this.#unsettled.splice(0)) settle(new Error('channel closed'))
    this.#events.emit('close')
  }
}

// A confirm channel and its connection whose broker says only what the test has it say.
import { EventEmitter } from 'node:events'
import type { ChannelModel, ConfirmChannel } from 'amqplib'

type Settle = (error: Error | null) => void

export class FakeChannel {
  readonly connection = new EventEmitter()
  readonly #events = new EventEmitter()
  readonly #unsettled: { messageId: string; settle: Settle }[] = []

  /** The two as the publisher takes them. */
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

  /** How many messages were handed over and not settled yet. */
  get unsettled(): number {
    return this.#unsettled.length
  }

  confirmAll(): void {
    for (const { settle } of this.#unsettled.splice(0)) settle(null)
  }

  /** As RabbitMQ does with messages that no queue takes: they come back first, and are confirmed then. */
  returnAll(): void {
    for (const { messageId } of this.#unsettled) this.#events.emit('return', { properties: { messageId } })
    this.confirmAll()
  }

  /** Ends as amqplib's channels do: what isn't settled fails. */
  end(): void {
    for (const { settle } of this.#unsettled.splice(0)) settle(new Error('channel closed'))
    this.#events.emit('close')
  }
}

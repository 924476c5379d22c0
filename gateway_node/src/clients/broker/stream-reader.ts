// Reads one stream across reconnects. It attaches again at the last message that it read, and restarts from the first if that message is gone.
import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib'
import type { BaseLogger } from 'pino'
import { notifyAll } from '../listeners.ts'
import { batchAcknowledgements } from './acknowledgements.ts'
import type { LogHandlers, LogMessage, LogReader, LogStart } from './broker.ts'
import { toLogMessage, toOffsetArgument } from './envelope.ts'
import { createSeenMessages } from './seen-messages.ts'

const prefetch = 500
/** Less than the prefetch. At the full prefetch the broker would pause for an acknowledgement, and `#catchUp` would take the pause for the end. */
const maxUnacknowledged = prefetch / 2
/** How long a broker may take to deliver the message that the reader resumes at, once the stream is readable. */
const resumeTimeoutMs = 2000
/** A broker that has just started scans a long stream first, and sends nothing meanwhile. An empty stream sends nothing either. */
const readableTimeoutMs = 30_000

type Position = { offset: number; messageId: string }
type Acknowledge = (delivery: ConsumeMessage) => void
type OnMessage = (message: LogMessage) => void
type Deliver = (from: LogStart | number, onMessage: OnMessage) => Promise<string>

export class StreamReader implements LogReader {
  readonly #name: string
  readonly #from: LogStart
  readonly #logger: Pick<BaseLogger, 'error'>
  readonly #onOpen: (reader: StreamReader) => void
  readonly #seen = createSeenMessages()
  #followers: readonly LogHandlers[] = []
  #channel: Channel | undefined
  #last: Position | undefined
  #deliveries = 0
  #hasCaughtUp = false
  #isClosed = false

  /** `onOpen` attaches the reader to a connection, now and after each reconnect. */
  constructor(name: string, from: LogStart, logger: Pick<BaseLogger, 'error'>, onOpen: (reader: StreamReader) => void) {
    this.#name = name
    this.#from = from
    this.#logger = logger
    this.#onOpen = onOpen
  }

  open(followers: readonly LogHandlers[]) {
    this.#followers = followers
    this.#onOpen(this)
  }

  get isAttached() {
    return this.#channel !== undefined
  }

  get isCaughtUp() {
    return this.isAttached && this.#hasCaughtUp
  }

  get lastOffset() {
    return this.#last?.offset ?? null
  }

  async hasReadToEnd() {
    const channel = this.#channel
    if (!channel) return false
    await this.#catchUp(channel).catch(() => {})
    return this.#channel === channel
  }

  waitFor(messageId: string, withinMs: number) {
    return this.#seen.waitFor(messageId, withinMs)
  }

  /** Continue on a new connection after the last message that was read. */
  async attach(connection: ChannelModel): Promise<void> {
    if (this.#isClosed) return
    if (this.#last) await this.#untilReadable(connection)
    const channel = await this.#openChannel(connection)
    channel.on('close', () => this.#detach(channel, connection))
    await channel.prefetch(prefetch)
    await this.#consume(channel, batchAcknowledgements(channel, maxUnacknowledged))
    this.#channel = channel
    await this.#catchUp(channel)
  }

  async #openChannel(connection: ChannelModel): Promise<Channel> {
    const channel = await connection.createChannel()
    channel.on('error', (error) => this.#logger.error({ err: error, stream: this.#name }, 'stream channel failed'))
    return channel
  }

  async #untilReadable(connection: ChannelModel) {
    const channel = await this.#openChannel(connection)
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, readableTimeoutMs)
    channel.once('close', resolve)
    try {
      await channel.prefetch(1)
      await channel.consume(this.#name, () => resolve(), { arguments: { 'x-stream-offset': 'last' } })
      await promise
    } finally {
      clearTimeout(timer)
    }
    await channel.close()
  }

  async #consume(channel: Channel, acknowledge: Acknowledge) {
    const deliver: Deliver = (offset, onMessage) => this.#deliver(channel, acknowledge, offset, onMessage)
    const take = (message: LogMessage) => this.#take(channel, message)
    if (!this.#last) return void (await deliver(this.#from, take))
    if (await this.#resume(channel, deliver, this.#last)) return
    this.#restart(this.#last)
    await deliver('first', take)
  }

  /**
   * Wait for the end of the stream. The broker answers a request after it has delivered what it can, so an answer without a delivery before it means
   * that the stream holds no more.
   */
  async #catchUp(channel: Channel) {
    let before: number
    do {
      before = this.#deliveries
      await channel.prefetch(prefetch)
    } while (this.#deliveries > before)
    this.#hasCaughtUp = true
  }

  /** Consume from the last message on. Return false if the stream no longer delivers that message first. */
  async #resume(channel: Channel, deliver: Deliver, last: Position): Promise<boolean> {
    const isFirstSame = Promise.withResolvers<boolean>()
    const end = () => isFirstSame.resolve(false)
    // A broker that is only slow delivers the message before it answers this request.
    const timer = setTimeout(() => channel.prefetch(prefetch).then(end, end), resumeTimeoutMs)
    channel.once('close', end)
    let isSame: boolean | undefined
    try {
      const consumerTag = await deliver(last.offset, (message) => {
        if (isSame) return this.#take(channel, message)
        isSame ??= message.offset === last.offset && message.messageId === last.messageId
        isFirstSame.resolve(isSame)
      })
      isSame = await isFirstSame.promise
      if (!isSame) await channel.cancel(consumerTag)
      return isSame
    } finally {
      clearTimeout(timer)
    }
  }

  /** Start a consumer and return its tag. */
  async #deliver(channel: Channel, acknowledge: Acknowledge, from: LogStart | number, onMessage: OnMessage) {
    const onDelivery = (delivery: ConsumeMessage | null) => {
      // The broker cancels a consumer when the stream is deleted or loses its leader. Closing the channel makes the connection recover.
      if (delivery === null) return void channel.close().catch(() => {})
      this.#deliveries += 1
      onMessage(toLogMessage(delivery))
      acknowledge(delivery)
    }
    const start = { 'x-stream-offset': toOffsetArgument(from) }
    const { consumerTag } = await channel.consume(this.#name, onDelivery, { arguments: start })
    return consumerTag
  }

  #take(channel: Channel, message: LogMessage) {
    if (this.#isClosed) return
    this.#channel = channel
    this.#last = { offset: message.offset, messageId: message.messageId }
    this.#notify((follower) => follower.onMessage(message), message.offset)
    this.#seen.add(message.messageId, message.offset)
  }

  #restart(last: Position) {
    this.#logger.error({ stream: this.#name, ...last }, 'stream no longer holds the last message read: starting over')
    this.#last = undefined
    this.#hasCaughtUp = false
    this.#seen.forget()
    this.#notify((follower) => follower.onRestart?.(), last.offset)
  }

  #detach(channel: Channel, connection: ChannelModel) {
    if (this.#isClosed) return
    connection.close().catch(() => {})
    if (this.#channel !== channel) return
    this.#channel = undefined
    this.#hasCaughtUp = false
    this.#notify((follower) => follower.onDetached?.(), this.lastOffset)
  }

  /** Log a follower's error. Otherwise it would close the channel, and the broker would deliver the same message again and again. */
  #notify(notify: (follower: LogHandlers) => void, offset: number | null) {
    try {
      notifyAll(this.#followers, notify)
    } catch (error) {
      this.#logger.error({ err: error, stream: this.#name, offset }, 'log listener failed')
    }
  }

  async close() {
    this.#isClosed = true
    this.#seen.close()
    const channel = this.#channel
    this.#channel = undefined
    // Not awaited, because a broker that doesn't answer would delay the stop.
    channel?.close().catch(() => {})
  }
}

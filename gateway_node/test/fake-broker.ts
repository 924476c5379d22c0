// A broker in memory. The shared suite checks that it behaves like RabbitMQ.
import { setImmediate } from 'node:timers/promises'
import type { Broker, LogHandlers, LogMessage, LogReader, Publication } from '../src/clients/broker/broker.ts'
import { createSeenMessages } from '../src/clients/broker/seen-messages.ts'
import { notifyAll, shield } from '../src/clients/listeners.ts'
import { AppError } from '../src/errors.ts'

const streams = ['interactions', 'job-events']
const streamOfExchange: Record<string, string> = { interactions: 'interactions', jobs: 'job-events' }

/** Ignore the error of a listener. The real client logs it and goes on. */
const quietly = (notify: () => void) => shield(notify, () => {})()

export class FakeBroker implements Broker {
  isConnected = true
  unconfirmed = 0
  readonly published: Publication[] = []
  readonly #streams = new Map<string, LogMessage[]>()
  readonly #readers = new Set<FakeReader>()
  readonly #hintListeners = new Set<(body: Uint8Array) => void>()

  async publish(publication: Publication) {
    await setImmediate()
    if (!this.isConnected) throw new AppError('BROKER_UNAVAILABLE', 'The broker is not connected. Try again.')
    this.published.push(publication)
    if (publication.exchange === 'models') {
      for (const listener of this.#hintListeners) quietly(() => listener(publication.body))
      return
    }
    const stream = streamOfExchange[publication.exchange] ?? publication.routingKey
    if (!streams.includes(stream)) throw new AppError('BROKER_UNAVAILABLE', `No queue takes ${publication.routingKey}.`)
    this.append(stream, publication)
  }

  /** Append to a stream as another process does, and return the offset. */
  append(stream: string, entry: Pick<Publication, 'type' | 'messageId' | 'correlationId' | 'traceparent' | 'body'>) {
    const messages = this.messagesOf(stream)
    const { type, messageId, correlationId, traceparent, body } = entry
    const timestamp = new Date(Math.floor(Date.now() / 1000) * 1000)
    messages.push({ offset: messages.length, type, messageId, correlationId, traceparent, timestamp, body })
    for (const reader of this.#readers) if (reader.name === stream) reader.deliver()
    return messages.length - 1
  }

  messagesOf(stream: string): LogMessage[] {
    const messages = this.#streams.get(stream) ?? []
    this.#streams.set(stream, messages)
    return messages
  }

  readStream(name: string, from: 'first' | 'next' | { timestamp: Date }): LogReader {
    const messages = this.messagesOf(name)
    const reader = new FakeReader(name, messages, from === 'next' ? messages.length : 0, {
      onOpen: () => {
        this.#readers.add(reader)
        if (this.isConnected) reader.attach()
      },
      onClose: () => this.#readers.delete(reader),
    })
    return reader
  }

  onHint(listener: (body: Uint8Array) => void) {
    this.#hintListeners.add(listener)
    return () => this.#hintListeners.delete(listener)
  }

  /** The number of calls of `hasReadToEnd`. */
  get endQuestions() {
    return [...this.#readers].reduce((sum, reader) => sum + reader.endQuestions, 0)
  }

  disconnect() {
    this.isConnected = false
    for (const reader of this.#readers) reader.detach()
  }

  reconnect() {
    this.isConnected = true
    for (const reader of this.#readers) reader.attach()
  }

  /** Become another broker with empty streams. */
  replace() {
    this.disconnect()
    for (const messages of this.#streams.values()) messages.length = 0
    for (const reader of this.#readers) reader.restart()
    this.reconnect()
  }

  async close() {
    this.disconnect()
    this.#readers.clear()
  }
}

class FakeReader implements LogReader {
  readonly name: string
  isAttached = false
  endQuestions = 0
  #next: number
  readonly #messages: LogMessage[]
  readonly #seen = createSeenMessages()
  readonly #lifetime: { onOpen: () => void; onClose: () => void }
  #followers: readonly LogHandlers[] = []

  constructor(
    name: string,
    messages: LogMessage[],
    next: number,
    lifetime: { onOpen: () => void; onClose: () => void },
  ) {
    this.name = name
    this.#messages = messages
    this.#next = next
    this.#lifetime = lifetime
  }

  open(followers: readonly LogHandlers[]) {
    this.#followers = followers
    this.#lifetime.onOpen()
  }

  get isCaughtUp() {
    return this.isAttached && this.#next >= this.#messages.length
  }

  get lastOffset() {
    return this.#next > 0 ? this.#next - 1 : null
  }

  attach() {
    this.isAttached = true
    this.deliver()
  }

  detach() {
    if (!this.isAttached) return
    this.isAttached = false
    this.#notify((follower) => follower.onDetached?.())
  }

  restart() {
    this.#next = 0
    this.#seen.forget()
    this.#notify((follower) => follower.onRestart?.())
  }

  deliver() {
    queueMicrotask(() => {
      while (this.isAttached && this.#next < this.#messages.length) {
        const message = this.#messages[this.#next++] as LogMessage
        this.#notify((follower) => follower.onMessage(message))
        this.#seen.add(message.messageId, message.offset)
      }
    })
  }

  async hasReadToEnd() {
    this.endQuestions += 1
    return this.isCaughtUp
  }

  waitFor(messageId: string, withinMs: number) {
    return this.#seen.waitFor(messageId, withinMs)
  }

  async close() {
    this.isAttached = false
    this.#seen.close()
    this.#lifetime.onClose()
  }

  #notify(notify: (follower: LogHandlers) => void) {
    quietly(() => notifyAll(this.#followers, notify))
  }
}

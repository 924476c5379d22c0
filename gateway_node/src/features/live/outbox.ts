// The bounded output of one socket. `ws` buffers without limit, so every frame goes through here.
import type { WebSocket } from 'ws'
import { notifyAll } from '../../clients/listeners.ts'

/** Above this, the outbox holds back latest values, only the newest of each topic. */
const roomBytes = 64 * 1024
/** A client that is further behind is closed with 1013. */
export const backlogBytes = 1024 * 1024

/** The part of a WebSocket that the outbox uses. */
export type Sink = Pick<WebSocket, 'bufferedAmount' | 'readyState' | 'OPEN' | 'close'> & {
  send(text: string, done: () => void): void
}

export class Outbox {
  readonly #sink: Sink
  readonly #held = new Map<string, string>()
  readonly #drainListeners = new Set<() => void>()

  constructor(sink: Sink) {
    this.#sink = sink
  }

  /** False as soon as the socket closes, for any reason. */
  get isOpen(): boolean {
    return this.#sink.readyState === this.#sink.OPEN
  }

  hasRoomFor(text: string): boolean {
    const { bufferedAmount } = this.#sink
    return bufferedAmount === 0 || bufferedAmount + Buffer.byteLength(text) <= roomBytes
  }

  /** Send a frame that may not be left out. */
  send(text: string): void {
    if (!this.isOpen) return
    if (this.#sink.bufferedAmount + Buffer.byteLength(text) > backlogBytes) this.closeTooSlow()
    else this.#sink.send(text, () => this.#drain())
  }

  /** Send a frame of which only the newest of a topic matters. */
  sendLatest(topic: string, text: string): void {
    this.#held.delete(topic)
    if (this.hasRoomFor(text)) this.send(text)
    else this.#held.set(topic, text)
  }

  /** Drop the value of a topic that is held back. */
  forget(topic: string): void {
    this.#held.delete(topic)
  }

  closeTooSlow(): void {
    this.#sink.close(1013, 'This socket reads too slowly. Connect again and resume by offset.')
  }

  /** Call the listener when there may be room again. Return a function that removes it. */
  onDrain(listener: () => void): () => void {
    this.#drainListeners.add(listener)
    return () => this.#drainListeners.delete(listener)
  }

  #drain(): void {
    if (!this.isOpen) return
    for (const [topic, text] of this.#held) {
      if (!this.hasRoomFor(text)) return
      this.#held.delete(topic)
      this.send(text)
    }
    notifyAll(this.#drainListeners, (listener) => listener())
  }
}

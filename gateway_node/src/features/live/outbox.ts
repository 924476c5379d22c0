// What goes out to one socket, bounded: `ws` buffers without limit, so nothing reaches it but through here.
import type { WebSocket } from 'ws'
import { notifyAll } from '../../clients/listeners.ts'

/** Above it latest values are held back, the newest of each topic. */
export const roomBytes = 64 * 1024
/** A reader that is further behind is closed with 1013. */
export const backlogBytes = 1024 * 1024

/** The part of a WebSocket that is needed here. */
export type Sink = Pick<WebSocket, 'bufferedAmount' | 'readyState' | 'OPEN' | 'close'> & {
  send(text: string, done: () => void): void
}

export class Outbox {
  readonly #sink: Sink
  // Made when they are needed: most sockets never hold anything back.
  #held: Map<string, string> | undefined
  #drainListeners: Set<() => void> | undefined

  constructor(sink: Sink) {
    this.#sink = sink
  }

  /** False once the socket closes, for whatever reason. */
  get isOpen(): boolean {
    return this.#sink.readyState === this.#sink.OPEN
  }

  hasRoomFor(text: string): boolean {
    const { bufferedAmount } = this.#sink
    return bufferedAmount === 0 || bufferedAmount + Buffer.byteLength(text) <= roomBytes
  }

  /** For frames that may not be left out. */
  send(text: string): void {
    if (!this.isOpen) return
    if (this.#sink.bufferedAmount + Buffer.byteLength(text) > backlogBytes) this.closeTooSlow()
    else this.#sink.send(text, () => this.#drain())
  }

  /** For frames of which only the newest of a topic matters. */
  sendLatest(topic: string, text: string): void {
    this.#held?.delete(topic)
    if (this.hasRoomFor(text)) this.send(text)
    else this.#held = (this.#held ?? new Map()).set(topic, text)
  }

  /** Drops what is held back of a topic. */
  forget(topic: string): void {
    this.#held?.delete(topic)
  }

  closeTooSlow(): void {
    this.#sink.close(1013, 'This socket reads too slowly. Connect again and resume by offset.')
  }

  /** Fires when there may be room again. Returns the way to stop listening. */
  onDrain(listener: () => void): () => void {
    this.#drainListeners ??= new Set()
    this.#drainListeners.add(listener)
    return () => this.#drainListeners?.delete(listener)
  }

  #drain(): void {
    if (!this.isOpen) return
    for (const [topic, text] of this.#held ?? []) {
      if (!this.hasRoomFor(text)) return
      this.#held?.delete(topic)
      this.send(text)
    }
    notifyAll(this.#drainListeners ?? [], (listener) => listener())
  }
}

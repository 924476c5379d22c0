// A socket whose peer reads only when told to.
import type { Sink } from '../../../src/features/live/outbox.ts'

export class FakeSink implements Sink {
  readonly OPEN = 1
  readyState: 0 | 1 | 2 | 3 = 1
  bufferedAmount = 0
  closeCode: number | undefined
  /** Everything that was given to the socket, read or not. */
  readonly sent: string[] = []
  #unread: { bytes: number; done: () => void }[] = []

  send(text: string, done: () => void): void {
    const bytes = Buffer.byteLength(text)
    this.sent.push(text)
    this.bufferedAmount += bytes
    this.#unread.push({ bytes, done })
  }

  close(code: number): void {
    this.closeCode ??= code
    this.readyState = 2
  }

  /** The peer reads all there is, once. */
  read(): void {
    const unread = this.#unread
    this.#unread = []
    for (const { bytes } of unread) this.bufferedAmount -= bytes
    for (const { done } of unread) done()
  }

  /** The peer reads until nothing comes any more. */
  readAll(): void {
    while (this.#unread.length > 0) this.read()
  }

  get frames(): { type: string; topic?: string; offset?: number; reason?: string; data?: unknown }[] {
    return this.sent.map((text) => JSON.parse(text))
  }
}

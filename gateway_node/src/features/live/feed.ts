// Events in order for many sockets: each reads the ring at its own pace, so a slow one costs a position in it and not a queue.
import { notifyAll } from '../../clients/listeners.ts'
import { encodeEvent } from './frames.ts'
import { backlogBytes, type Outbox } from './outbox.ts'
import { Ring, type RingEntry } from './ring.ts'
import type { Lifetime } from './subscriptions.ts'

type Reader = {
  topic: string
  /** Undefined: every job. */
  jobId: string | undefined
  outbox: Outbox
  position: number
  /** A reader that resumes may take its time; one that was up to date and falls far behind is too slow. */
  hasCaughtUp: boolean
}

export class Feed {
  readonly #ring: Ring
  readonly #readers = new Set<Reader>()

  constructor(capacity: number) {
    this.#ring = new Ring(capacity)
  }

  add(entry: RingEntry): void {
    this.#ring.add(entry)
    notifyAll(this.#readers, (reader) => this.#pump(reader))
  }

  /** Where to begin for a client that has everything up to the offset; undefined where that is too old. */
  positionAfter(offset: number): number | undefined {
    return this.#ring.positionAfter(offset)
  }

  /** Where to begin for a client that wants only what comes. */
  get end(): number {
    return this.#ring.end
  }

  /** Sends everything from the position on, for that lifetime. */
  attach({ lifetime, ...start }: Omit<Reader, 'hasCaughtUp'> & { lifetime: Lifetime }): void {
    if (lifetime.isOver) return
    const reader = { ...start, hasCaughtUp: false }
    const stopDraining = reader.outbox.onDrain(() => this.#pump(reader))
    lifetime.onEnd(() => {
      stopDraining()
      this.#readers.delete(reader)
    })
    this.#readers.add(reader)
    this.#pump(reader)
  }

  /** The log begins anew; `tell` is called with each reader's topic and outbox. */
  restart(tell: (topic: string, outbox: Outbox) => void): void {
    this.#ring.clear()
    notifyAll(this.#readers, (reader) => {
      reader.position = this.#ring.end
      tell(reader.topic, reader.outbox)
    })
  }

  #pump(reader: Reader): void {
    const { topic, jobId, outbox } = reader
    while (outbox.isOpen && reader.position < this.#ring.end) {
      if (this.#isTooSlow(reader)) {
        outbox.closeTooSlow()
        return
      }
      const entry = this.#ring.at(reader.position)
      if (jobId === undefined || jobId === entry.jobId) {
        const text = encodeEvent(topic, entry.offset, entry.json)
        if (!outbox.hasRoomFor(text)) return
        outbox.send(text)
      }
      reader.position += 1
    }
    reader.hasCaughtUp = true
  }

  #isTooSlow({ position, hasCaughtUp }: Reader): boolean {
    if (position < this.#ring.start) return true
    return hasCaughtUp && this.#ring.bytesFrom(position) > backlogBytes
  }
}

// The subscribers of topics of which only the latest value matters. A slow socket gets the newest value, never a backlog.
import { notifyAll } from '../../clients/listeners.ts'
import { encodeEvent } from './frames.ts'
import type { Outbox } from './outbox.ts'

type Channel = { outboxes: Set<Outbox>; latest: string | undefined }

export class Hub {
  readonly #channels = new Map<string, Channel>()

  /** Whether somebody listens. */
  has(topic: string): boolean {
    return this.#channels.has(topic)
  }

  /** The frame that was published last while somebody listened. */
  latest(topic: string): string | undefined {
    return this.#channels.get(topic)?.latest
  }

  /** True for the first listener of the topic. */
  subscribe(topic: string, outbox: Outbox): boolean {
    const channel = this.#channels.get(topic)
    channel?.outboxes.add(outbox)
    if (channel === undefined) this.#channels.set(topic, { outboxes: new Set([outbox]), latest: undefined })
    return channel === undefined
  }

  /** True for the last listener of the topic. */
  unsubscribe(topic: string, outbox: Outbox): boolean {
    outbox.forget(topic)
    const channel = this.#channels.get(topic)
    if (channel === undefined) return false
    channel.outboxes.delete(outbox)
    if (channel.outboxes.size > 0) return false
    return this.#channels.delete(topic)
  }

  publish<Data>(
    topic: string,
    offset: number | null,
    data: Data,
    toJson: (data: Data) => string = JSON.stringify,
  ): void {
    const channel = this.#channels.get(topic)
    if (channel === undefined) return
    const latest = encodeEvent(topic, offset, toJson(data))
    channel.latest = latest
    notifyAll(channel.outboxes, (outbox) => outbox.sendLatest(topic, latest))
  }

  /** Nobody gets any more what was published, unless it is sent already. */
  takeBack(topic: string): void {
    const channel = this.#channels.get(topic)
    if (channel === undefined) return
    channel.latest = undefined
    notifyAll(channel.outboxes, (outbox) => outbox.forget(topic))
  }

  /** Sends a frame that is no value of the topic, such as an error. */
  notify(topic: string, text: string): void {
    notifyAll(this.#channels.get(topic)?.outboxes ?? [], (outbox) => outbox.send(text))
  }
}

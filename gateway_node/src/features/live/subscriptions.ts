// The topics of one socket: a bounded number, each at most once.

import { notifyAll } from '../../clients/listeners.ts'
import { AppError } from '../../errors.ts'

/** One subscription of a socket, from its beginning to its end. */
export class Lifetime {
  readonly topic: string
  #isOver = false
  #undo: (() => void) | undefined

  constructor(topic: string) {
    this.topic = topic
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** Register the one clean-up callback of this subscription. */
  onEnd(undo: () => void): void {
    this.#undo = undo
  }

  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#undo?.()
  }
}

export class Subscriptions {
  readonly #most: number
  readonly #held = new Map<string, Lifetime>()

  constructor(most: number) {
    this.#most = most
  }

  /** Begin a subscription; an earlier one to the same topic ends. Throws SUBSCRIPTIONS_EXHAUSTED. */
  open(topic: string): Lifetime {
    this.close(topic)
    if (this.#held.size >= this.#most) {
      const detail = `This socket holds ${this.#most} subscriptions, which is the limit. Unsubscribe from one first.`
      throw new AppError('SUBSCRIPTIONS_EXHAUSTED', detail)
    }
    const lifetime = new Lifetime(topic)
    this.#held.set(topic, lifetime)
    return lifetime
  }

  close(topic: string): void {
    const held = this.#held.get(topic)
    if (held) this.end(held)
  }

  /** End this subscription only: the topic may have a newer one by now. */
  end(lifetime: Lifetime): void {
    if (this.#held.get(lifetime.topic) === lifetime) this.#held.delete(lifetime.topic)
    lifetime.end()
  }

  closeAll(): void {
    const held = [...this.#held.values()]
    this.#held.clear()
    notifyAll(held, (lifetime) => lifetime.end())
  }
}

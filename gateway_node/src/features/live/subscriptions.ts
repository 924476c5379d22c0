// The topics of one socket: a bounded number, each at most once.

import { notifyAll } from '../../clients/listeners.ts'
import { AppError } from '../../errors.ts'

/** For how long a socket holds a topic. An AbortController would do, and weigh as much as all else that a subscription is. */
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

  /** Registers the one clean-up callback of this subscription. */
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
  /** Few enough to look through. */
  #held: Lifetime[] = []

  constructor(most: number) {
    this.#most = most
  }

  /** Opening again ends the one before. Throws SUBSCRIPTIONS_EXHAUSTED. */
  open(topic: string): Lifetime {
    this.close(topic)
    if (this.#held.length >= this.#most) {
      const detail = `This socket holds ${this.#most} subscriptions, as many as it may. Unsubscribe from one first.`
      throw new AppError('SUBSCRIPTIONS_EXHAUSTED', detail)
    }
    const lifetime = new Lifetime(topic)
    // To push onto an empty array reserves room for 17.
    this.#held = [...this.#held, lifetime]
    return lifetime
  }

  close(topic: string): void {
    const held = this.#held.find((lifetime) => lifetime.topic === topic)
    if (held) this.end(held)
  }

  /** Ends that one alone: the topic may have been opened again meanwhile. */
  end(lifetime: Lifetime): void {
    this.#held = this.#held.filter((held) => held !== lifetime)
    lifetime.end()
  }

  closeAll(): void {
    const held = this.#held
    this.#held = []
    notifyAll(held, (lifetime) => lifetime.end())
  }
}

// What one socket listens to: so many topics, each once.
import { AppError } from '../errors.ts'

export class Subscriptions {
  readonly #most: number
  readonly #controllers = new Map<string, AbortController>()

  constructor(most: number) {
    this.#most = most
  }

  /** Opening again ends the one before. Its signal aborts when it is closed. Throws SUBSCRIPTIONS_EXHAUSTED. */
  open(topic: string): AbortSignal {
    this.close(topic)
    if (this.#controllers.size >= this.#most) {
      const detail = `This socket holds ${this.#most} subscriptions, as many as it may. Unsubscribe from one first.`
      throw new AppError('SUBSCRIPTIONS_EXHAUSTED', detail)
    }
    const controller = new AbortController()
    this.#controllers.set(topic, controller)
    return controller.signal
  }

  /** With a signal, only where it is still the topic's. */
  close(topic: string, signal?: AbortSignal): void {
    const controller = this.#controllers.get(topic)
    if (signal !== undefined && controller?.signal !== signal) return
    controller?.abort()
    this.#controllers.delete(topic)
  }

  closeAll(): void {
    for (const topic of [...this.#controllers.keys()]) this.close(topic)
  }
}

// Expires sockets' sessions. One timer sweeps all of them, because a timer for each would need more memory than the session itself.
import { notifyAll } from '../../clients/listeners.ts'

const sweepMs = 250

export interface Expiring {
  /** On the clock of `Date.now()`, by which tokens expire. */
  readonly expiresAt: number
  expire(): void
}

export class Expiries {
  readonly #watched = new Set<Expiring>()
  #timer: NodeJS.Timeout | undefined

  watch(expiring: Expiring): void {
    this.#watched.add(expiring)
    this.#timer ??= setInterval(() => this.#sweep(), sweepMs).unref()
  }

  forget(expiring: Expiring): void {
    this.#watched.delete(expiring)
    if (this.#watched.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** Expires each session once: it is no longer watched afterwards. */
  #sweep(): void {
    const now = Date.now()
    notifyAll(this.#watched, (expiring) => {
      if (expiring.expiresAt > now) return
      this.forget(expiring)
      expiring.expire()
    })
  }
}

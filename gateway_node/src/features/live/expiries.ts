// Expires the sessions of sockets. One sweep compares all of them with the clock by which tokens expire: timers stand still while a machine sleeps,
// and can't wait for longer than 25 days.
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

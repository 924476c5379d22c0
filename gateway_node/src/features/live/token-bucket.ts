// A token bucket: it holds `capacity` tokens and is refilled continuously.
export type Rate = { capacity: number; perSecond: number }

export class TokenBucket {
  readonly #rate: Rate
  #tokens: number
  #refilledAt = performance.now()

  constructor(rate: Rate) {
    this.#rate = rate
    this.#tokens = rate.capacity
  }

  /** Take one token. Return false if none is left. */
  take(): boolean {
    const { capacity, perSecond } = this.#rate
    const now = performance.now()
    this.#tokens = Math.min(capacity, this.#tokens + ((now - this.#refilledAt) / 1000) * perSecond)
    this.#refilledAt = now
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }
}

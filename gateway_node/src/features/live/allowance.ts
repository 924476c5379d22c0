// So much at once, and so much per second after that.
export type Rate = { most: number; perSecond: number }

export class Allowance {
  readonly #rate: Rate
  #left: number
  #leftAt = performance.now()

  constructor(rate: Rate) {
    this.#rate = rate
    this.#left = rate.most
  }

  /** Whether there was one left. */
  take(): boolean {
    const { most, perSecond } = this.#rate
    const now = performance.now()
    this.#left = Math.min(most, this.#left + ((now - this.#leftAt) / 1000) * perSecond)
    this.#leftAt = now
    if (this.#left < 1) return false
    this.#left -= 1
    return true
  }
}

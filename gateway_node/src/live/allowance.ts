// So much at once, and so much per second after that.
export class Allowance {
  readonly #most: number
  readonly #perSecond: number
  #left: number
  #leftAt = performance.now()

  constructor(most: number, perSecond: number) {
    this.#most = most
    this.#perSecond = perSecond
    this.#left = most
  }

  /** Whether there was one left. */
  take(): boolean {
    const now = performance.now()
    this.#left = Math.min(this.#most, this.#left + ((now - this.#leftAt) / 1000) * this.#perSecond)
    this.#leftAt = now
    if (this.#left < 1) return false
    this.#left -= 1
    return true
  }
}

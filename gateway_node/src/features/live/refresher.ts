// Keeps a latest value current: one question at a time, asked again where it was outdated meanwhile, and later where the answer wasn't good.

const firstRetryMs = 1000
const lastRetryMs = 30_000

export class Refresher {
  /** Gets and publishes the value. False, or a rejection, asks again later. */
  readonly #ask: () => Promise<boolean>
  readonly #onFailure: (error: unknown) => void
  #isAsking = false
  #isOutdated = false
  #isStopped = false
  #failures = 0
  #retry: NodeJS.Timeout | undefined

  constructor(ask: () => Promise<boolean>, onFailure: (error: unknown) => void) {
    this.#ask = ask
    this.#onFailure = onFailure
  }

  refresh(): void {
    clearTimeout(this.#retry)
    this.#isOutdated = true
    if (!this.#isAsking) void this.#run()
  }

  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#retry)
  }

  async #run(): Promise<void> {
    this.#isAsking = true
    let isGood = false
    while (this.#isOutdated && !this.#isStopped) {
      this.#isOutdated = false
      isGood = await this.#ask().catch((error: unknown) => {
        if (!this.#isStopped) this.#onFailure(error)
        return false
      })
    }
    this.#isAsking = false
    if (!this.#isStopped) this.#plan(isGood)
  }

  #plan(isGood: boolean): void {
    this.#failures = isGood ? 0 : this.#failures + 1
    if (isGood) return
    const delayMs = Math.min(firstRetryMs * 2 ** (this.#failures - 1), lastRetryMs)
    this.#retry = setTimeout(() => this.refresh(), delayMs)
    this.#retry.unref()
  }
}

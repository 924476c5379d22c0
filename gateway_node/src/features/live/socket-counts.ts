// How many sockets each identity holds at this gateway, and no more than it may.

import type { Identity } from '../../clients/identity-provider/identity.ts'
import { AppError } from '../../errors.ts'
import { keyOf } from '../../http/access.ts'

export class SocketCounts {
  readonly #most: number
  readonly #counts = new Map<string, number>()

  constructor(most: number) {
    this.#most = most
  }

  /** Throws SOCKETS_EXHAUSTED. */
  enter(identity: Identity): void {
    const key = keyOf(identity)
    const held = this.#counts.get(key) ?? 0
    if (held >= this.#most) {
      const detail = `The ${key} holds ${held} sockets here, as many as they may. Close one first.`
      throw new AppError('SOCKETS_EXHAUSTED', detail)
    }
    this.#counts.set(key, held + 1)
  }

  leave(identity: Identity): void {
    const key = keyOf(identity)
    const left = (this.#counts.get(key) ?? 0) - 1
    if (left > 0) this.#counts.set(key, left)
    else this.#counts.delete(key)
  }
}

// Who a socket is: nobody until its first frame signs in, for which it has a while; then whom the token names, until it expires.
import type { WebSocket } from 'ws'
import { keyOf } from '../access.ts'
import { AppError } from '../errors.ts'
import type { Identity, Verify } from '../identity/identity.ts'
import type { SocketCounts } from './socket-counts.ts'

/** Timers can't wait longer. */
const longestMs = 2 ** 31 - 1

export type SessionParts = {
  socket: Pick<WebSocket, 'pause' | 'resume'>
  verifyToken: Verify
  signInMs: number
  sockets: SocketCounts
  /** Called when nobody has signed in, or not again. */
  onExpiry: (error: AppError) => void
}

export class Session {
  readonly #parts: SessionParts
  #identity: Identity | undefined
  #signingIn: Promise<Identity> | undefined
  #timer: NodeJS.Timeout
  #isOver = false

  constructor(parts: SessionParts) {
    this.#parts = parts
    this.#timer = setTimeout(() => this.#expire('Nobody signed in in time.'), parts.signInMs).unref()
  }

  /** Frames that follow `hello` at once wait for what comes of it. Throws TOKEN_INVALID. */
  async whoItIs(): Promise<Identity> {
    if (this.#signingIn) return this.#signingIn
    throw new AppError('TOKEN_INVALID', 'Nobody has signed in. Say hello with a token first.')
  }

  /** Again, with a newer token of the same somebody, it prolongs the session. Throws what keeps them out. */
  signIn(token: string | undefined): Promise<Identity> {
    this.#signingIn = this.#enter(token)
    return this.#signingIn
  }

  end(): void {
    this.#isOver = true
    clearTimeout(this.#timer)
    if (this.#identity) this.#parts.sockets.leave(this.#identity)
  }

  async #enter(token: string | undefined): Promise<Identity> {
    if (token === undefined) throw new AppError('TOKEN_INVALID', 'The frame hello has no token.')
    const identity = await this.#verify(token)
    if (this.#isOver) throw new AppError('TOKEN_INVALID', 'The socket has closed meanwhile.')
    if (this.#identity === undefined) this.#parts.sockets.enter(identity)
    else if (keyOf(this.#identity) !== keyOf(identity))
      throw new AppError('TOKEN_INVALID', 'The token is of somebody else. Open another socket.')
    this.#identity = identity
    this.#watch(identity)
    return identity
  }

  /** Reads no further meanwhile, so that nobody fills the memory before it is clear who they are. */
  async #verify(token: string): Promise<Identity> {
    const { socket, verifyToken } = this.#parts
    socket.pause()
    try {
      return await verifyToken(token)
    } finally {
      socket.resume()
    }
  }

  #watch(identity: Identity): void {
    clearTimeout(this.#timer)
    const leftMs = identity.expiresAt - Date.now()
    if (leftMs <= 0) this.#expire('The token has expired.')
    else this.#timer = setTimeout(() => this.#watch(identity), Math.min(leftMs, longestMs)).unref()
  }

  #expire(detail: string): void {
    this.#parts.onExpiry(new AppError('TOKEN_INVALID', `${detail} Sign in again.`))
  }
}

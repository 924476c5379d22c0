// The identity of one socket: none until its first frame signs in, within a time limit; then the token's, until the token expires.
import type { WebSocket } from 'ws'
import type { Identity, Verify } from '../../clients/identity-provider/identity.ts'
import { AppError } from '../../errors.ts'
import { keyOf } from '../../http/access.ts'
import { toAppError } from '../../http/problem.ts'
import type { Expiries, Expiring } from './expiries.ts'
import type { SocketCounts } from './socket-counts.ts'

/** Sockets check their tokens again within this time after the keys have grown old, each at a random moment, so that not all do so at once. */
const recheckSpreadMs = 30_000

/** The parts that all sessions share. */
export type SessionParts = {
  verifyToken: Verify
  sockets: SocketCounts
  expiries: Expiries
  limits: { signInMs: number }
}

/** The connection that the session belongs to. */
export interface SessionOwner {
  readonly socket: Pick<WebSocket, 'pause' | 'resume'>
  /** Called when the client has not signed in, or not again, in time. */
  refuse(error: AppError): void
}

export class Session implements Expiring {
  readonly #owner: SessionOwner
  readonly #parts: SessionParts
  #identity: Identity | undefined
  #signingIn: Promise<Identity> | undefined
  /** Kept only if it will be checked again. */
  #token: string | undefined
  #isOver = false
  expiresAt: number

  constructor(owner: SessionOwner, parts: SessionParts) {
    this.#owner = owner
    this.#parts = parts
    this.expiresAt = Date.now() + parts.limits.signInMs
    parts.expiries.watch(this)
  }

  get isSignedIn(): boolean {
    return this.#identity !== undefined
  }

  /** Return the identity. Frames that follow `hello` at once wait until its token has been checked. Throws TOKEN_INVALID. */
  async whoItIs(): Promise<Identity> {
    const identity = this.#signingIn ? await this.#signingIn : this.#identity
    if (identity === undefined)
      throw new AppError('TOKEN_INVALID', 'Nobody has signed in. Say hello with a token first.')
    requireUnexpired(identity)
    return identity
  }

  /** Check the token. A newer token of the same identity prolongs the session. Throws the reason of a refusal. */
  async signIn(token: string | undefined): Promise<Identity> {
    const signingIn = this.#enter(token)
    this.#signingIn = signingIn
    const identity = await signingIn
    if (this.#signingIn === signingIn) this.#signingIn = undefined
    return identity
  }

  expire(): void {
    const isExpired = this.#identity === undefined || this.#identity.expiresAt <= Date.now()
    if (!isExpired && this.#token !== undefined) {
      // The provider may have withdrawn the token's key. Frames wait until the check has ended.
      this.signIn(this.#token).catch((error: unknown) => this.#owner.refuse(toAppError(error)))
      return
    }
    this.#owner.refuse(
      this.#identity ? expired() : new AppError('TOKEN_INVALID', 'Nobody signed in in time. Sign in again.'),
    )
  }

  end(): void {
    this.#isOver = true
    this.#parts.expiries.forget(this)
    if (this.#identity) this.#parts.sockets.leave(this.#identity)
  }

  async #enter(token: string | undefined): Promise<Identity> {
    if (token === undefined) throw new AppError('TOKEN_INVALID', 'The frame hello has no token.')
    const identity = await this.#verify(token)
    requireUnexpired(identity)
    if (this.#isOver) throw new AppError('TOKEN_INVALID', 'The socket has closed meanwhile.')
    if (this.#identity === undefined) this.#parts.sockets.enter(identity)
    else if (keyOf(this.#identity) !== keyOf(identity))
      throw new AppError('TOKEN_INVALID', 'The token belongs to another identity. Open another socket.')
    this.#identity = identity
    this.#token = identity.trustedUntil < identity.expiresAt ? token : undefined
    const recheckAt = identity.trustedUntil + Math.random() * recheckSpreadMs
    this.expiresAt = Math.min(identity.expiresAt, recheckAt)
    this.#parts.expiries.watch(this)
    return identity
  }

  /** Pause reading during the check, so that a client can't fill the memory before it is known. */
  async #verify(token: string): Promise<Identity> {
    const { socket } = this.#owner
    socket.pause()
    try {
      return await this.#parts.verifyToken(token)
    } finally {
      socket.resume()
    }
  }
}

/** Throw if the token has expired. A frame may arrive before the next sweep, which closes the socket. */
function requireUnexpired({ expiresAt }: Identity): void {
  if (expiresAt <= Date.now()) throw expired()
}

function expired(): AppError {
  return new AppError('TOKEN_INVALID', 'The token has expired. Sign in again.')
}

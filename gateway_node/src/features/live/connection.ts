// The protocol on one socket: it reads frames, holds subscriptions and sends frames. Bounds what one client may hold and how often it may err.
import { randomUUID } from 'node:crypto'
import type { FastifyBaseLogger } from 'fastify'
import type { WebSocket } from 'ws'
import type { Identity } from '../../clients/identity-provider/identity.ts'
import type { Call } from '../../clients/recommender/recommender.ts'
import { AppError } from '../../errors.ts'
import { type Access, requireAccess } from '../../http/access.ts'
import { type ClientFrame, encodeAck, encodeError, encodePong, encodeWelcome, type FrameOf } from './frames.ts'
import { Intake } from './intake.ts'
import { Outbox } from './outbox.ts'
import { Session, type SessionOwner, type SessionParts } from './session.ts'
import { type Lifetime, Subscriptions } from './subscriptions.ts'
import type { Rate } from './token-bucket.ts'
import type { Topic } from './topic.ts'

/** Ratings of one socket that wait for the broker's confirm. The publisher's bound is for all clients together. */
const maxUnacknowledged = 32

const closePolicyViolation = 1008
const closeTryAgainLater = 1013
/** A user may rate only as themselves. */
const ratingAccess: Access = ['owner']

export type Interaction = { userId: string; itemId: string; rating: number }
export type ConnectionParts = SessionParts & {
  /** Throws TOPIC_UNKNOWN, or ACCESS_DENIED if this identity may not subscribe to the topic. */
  findTopic: (topic: string, identity: Identity) => Topic
  /** Resolves when the interaction is accepted. */
  rate: (interaction: Interaction, call: Call) => Promise<unknown>
  newCall: () => Call
  /** The rate of frames that one socket may send. */
  frames: Rate
  limits: { signInMs: number; subscriptions: number }
  logger: FastifyBaseLogger
}

type Subscribing = { topic: string; resume: number | undefined; replyTo?: string | undefined; identity: Identity }

export class Connection implements SessionOwner {
  readonly socket: WebSocket
  readonly #parts: ConnectionParts
  readonly #outbox: Outbox
  readonly #subscriptions: Subscriptions
  /** Names the session in logs and frames. It is no secret. */
  readonly #sessionId = randomUUID()
  readonly #session: Session
  readonly #intake: Intake
  #unacknowledged = 0

  constructor(socket: WebSocket, parts: ConnectionParts) {
    this.socket = socket
    this.#parts = parts
    this.#outbox = new Outbox(socket)
    this.#subscriptions = new Subscriptions(parts.limits.subscriptions)
    this.#session = new Session(this, parts)
    this.#intake = new Intake(this.#session, parts.frames)
    socket.on('message', (data, isBinary) => this.#receive(data as Buffer, isBinary))
    socket.on('ping', () => this.#countUnread())
    socket.on('pong', () => this.#countUnread())
    socket.on('close', () => this.#end())
  }

  #receive(data: Buffer, isBinary: boolean): void {
    if (!this.#outbox.isOpen) return void this.#countUnread()
    let frame: ClientFrame
    try {
      frame = this.#intake.read(data, isBinary)
    } catch (error) {
      this.#refuseFrame(error as AppError, this.#intake.findId(data, isBinary))
      return
    }
    this.#answer(frame).catch((error: unknown) => this.#tellError(error, { replyTo: frame.id }))
  }

  /** Count a frame that isn't read, such as a ping: it costs the gateway as much as any other. */
  #countUnread(): void {
    if (this.#intake.takeUnread()) return
    if (this.#outbox.isOpen) this.socket.close(closePolicyViolation, 'Too many control frames.')
    else this.socket.terminate()
  }

  #refuseFrame(error: AppError, replyTo: string | undefined): void {
    this.#outbox.send(encodeError(error, { replyTo }))
    const closeReason = this.#intake.countRefused()
    if (closeReason !== undefined) this.socket.close(closePolicyViolation, closeReason)
  }

  async #answer(frame: ClientFrame): Promise<void> {
    if (frame.type === 'hello') return this.#greet(frame)
    const identity = await this.#session.whoItIs()
    switch (frame.type) {
      case 'subscribe':
        return this.#subscribe({ topic: frame.topic, resume: frame.resume, replyTo: frame.id, identity })
      case 'unsubscribe':
        this.#subscriptions.close(frame.topic)
        return this.#acknowledge(frame.id)
      case 'rate':
        return this.#rate(frame, identity)
      case 'ping':
        return this.#outbox.send(encodePong(frame.id))
    }
  }

  async #greet({ token, resume = {}, id }: FrameOf<'hello'>): Promise<void> {
    let identity: Identity
    try {
      identity = await this.#session.signIn(token)
    } catch (error) {
      if (error instanceof AppError) return this.refuse(error, id)
      throw error
    }
    this.#outbox.send(encodeWelcome(this.#sessionId))
    const wanted = Object.entries(resume).map(([topic, offset]) => this.#subscribe({ topic, resume: offset, identity }))
    await Promise.all(wanted)
  }

  /** A second subscription to a topic replaces the first, so that a client that lost track gets the current state. */
  async #subscribe({ topic, resume, replyTo, identity }: Subscribing): Promise<void> {
    let lifetime: Lifetime | undefined
    try {
      const found = this.#parts.findTopic(topic, identity)
      lifetime = this.#subscriptions.open(topic)
      await found.subscribe(topic, { outbox: this.#outbox, resume, lifetime })
      this.#acknowledge(replyTo)
    } catch (error) {
      if (lifetime) this.#subscriptions.end(lifetime)
      this.#tellError(error, { topic, replyTo })
    }
  }

  #end(): void {
    this.#session.end()
    this.#subscriptions.closeAll()
  }

  async #rate({ id, itemId, rating }: FrameOf<'rate'>, identity: Identity): Promise<void> {
    const userId = identity.subject
    requireAccess(ratingAccess, identity, userId)
    this.#requireFewUnacknowledged()
    this.#unacknowledged += 1
    try {
      await this.#parts.rate({ userId, itemId, rating }, this.#parts.newCall())
    } finally {
      this.#unacknowledged -= 1
    }
    this.#acknowledge(id)
  }

  #requireFewUnacknowledged(): void {
    if (this.#unacknowledged < maxUnacknowledged) return
    const detail = `This socket waits for the acks of ${maxUnacknowledged} ratings, which is the limit. Wait for one first.`
    throw new AppError('INTERACTIONS_EXHAUSTED', detail)
  }

  #acknowledge(replyTo: string | undefined): void {
    if (replyTo !== undefined) this.#outbox.send(encodeAck(replyTo))
  }

  /** Send the error, then close the socket. */
  refuse(error: AppError, replyTo?: string): void {
    this.#outbox.send(encodeError(error, { replyTo }))
    this.socket.close(error.isRetryable ? closeTryAgainLater : closePolicyViolation, error.reason)
  }

  #tellError(thrown: unknown, about: { replyTo?: string | undefined; topic?: string }): void {
    if (thrown instanceof AppError) {
      if (thrown.kind === 'UNAUTHENTICATED') this.refuse(thrown, about.replyTo)
      else this.#outbox.send(encodeError(thrown, about))
      return
    }
    this.#parts.logger.error({ err: thrown, sessionId: this.#sessionId }, 'frame failed because of a bug')
    this.socket.close(1011, 'The gateway failed.')
  }
}

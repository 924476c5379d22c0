// One socket's side of the protocol: frames in, topics held, frames out. Bounded in what it may hold and in how often it may err.
import { randomUUID } from 'node:crypto'
import type { FastifyBaseLogger } from 'fastify'
import type { RawData, WebSocket } from 'ws'
import type { Identity } from '../../clients/identity-provider/identity.ts'
import type { Call } from '../../clients/recommender/recommender.ts'
import { AppError } from '../../errors.ts'
import { type Access, requireAccess } from '../../http/access.ts'
import type { Rate } from './allowance.ts'
import { type ClientFrame, encodeAck, encodeError, encodePong, encodeWelcome, type FrameOf } from './frames.ts'
import { Intake } from './intake.ts'
import { Outbox } from './outbox.ts'
import { Session, type SessionOwner, type SessionParts } from './session.ts'
import { type Lifetime, Subscriptions } from './subscriptions.ts'
import type { Topic } from './topic.ts'

/** Ratings that wait for the broker, so that one client can't take all the room there is for what isn't confirmed. */
const maxUnacknowledged = 32

const refused = 1008
const tryAgainLater = 1013
/** A user may rate only as themselves. */
const ratingAccess: Access = ['owner']

export type Interaction = { userId: string; itemId: string; rating: number }
export type ConnectionParts = SessionParts & {
  /** Throws TOPIC_UNKNOWN, or ACCESS_DENIED where this somebody may not have the topic. */
  findTopic: (topic: string, identity: Identity) => Topic
  /** Resolves when the interaction is accepted. */
  rate: (interaction: Interaction, call: Call) => Promise<unknown>
  newCall: () => Call
  /** Of a minute. */
  frames: Rate
  limits: { signInMs: number; subscriptions: number }
  logger: FastifyBaseLogger
}

// Listeners that all sockets share: an idle one would weigh more with its own.
const connections = new WeakMap<WebSocket, Connection>()

function onMessage(this: WebSocket, data: RawData, isBinary: boolean) {
  connections.get(this)?.receive(data as Buffer, isBinary)
}

function onControlFrame(this: WebSocket) {
  connections.get(this)?.countUnread()
}

function onClose(this: WebSocket) {
  connections.get(this)?.end()
}

/** Of this gateway since it started: with a number it names a session, no secret, in less room than an id for each. */
const sessionPrefix = randomUUID().slice(0, 24)
let nextNumber = 0

type Subscribing = { topic: string; resume: number | undefined; replyTo?: string | undefined; identity: Identity }

export class Connection implements SessionOwner {
  readonly socket: WebSocket
  readonly #parts: ConnectionParts
  readonly #outbox: Outbox
  readonly #subscriptions: Subscriptions
  readonly #number = nextNumber++
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
    connections.set(socket, this)
    socket.on('message', onMessage)
    socket.on('ping', onControlFrame)
    socket.on('pong', onControlFrame)
    socket.on('close', onClose)
  }

  get #sessionId(): string {
    return sessionPrefix + this.#number.toString(16).padStart(12, '0')
  }

  receive(data: Buffer, isBinary: boolean): void {
    if (!this.#outbox.isOpen) return void this.countUnread()
    let frame: ClientFrame
    try {
      frame = this.#intake.read(data, isBinary)
    } catch (error) {
      this.#refuseFrame(error as AppError, this.#intake.findId(data, isBinary))
      return
    }
    this.#answer(frame).catch((error: unknown) => this.#tellError(error, { replyTo: frame.id }))
  }

  /** Each costs as much as a frame, although nothing here reads it. */
  countUnread(): void {
    if (this.#intake.takeUnread()) return
    if (this.#outbox.isOpen) this.socket.close(refused, 'Too many control frames.')
    else this.socket.terminate()
  }

  #refuseFrame(error: AppError, replyTo: string | undefined): void {
    this.#outbox.send(encodeError(error, { replyTo }))
    const closeReason = this.#intake.countRefused()
    if (closeReason !== undefined) this.socket.close(refused, closeReason)
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

  /** Subscribing again begins again, so a client that lost track gets what there is. */
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

  end(): void {
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
    const detail = `This socket waits for the acks of ${maxUnacknowledged} ratings, as many as it may. Wait for one first.`
    throw new AppError('INTERACTIONS_EXHAUSTED', detail)
  }

  #acknowledge(replyTo: string | undefined): void {
    if (replyTo !== undefined) this.#outbox.send(encodeAck(replyTo))
  }

  /** Sends the error, then closes the socket. */
  refuse(error: AppError, replyTo?: string): void {
    this.#outbox.send(encodeError(error, { replyTo }))
    this.socket.close(error.isRetryable ? tryAgainLater : refused, error.reason)
  }

  #tellError(thrown: unknown, about: { replyTo?: string | undefined; topic?: string }): void {
    if (thrown instanceof AppError) {
      if (thrown.kind === 'UNAUTHENTICATED') this.refuse(thrown, about.replyTo)
      else this.#outbox.send(encodeError(thrown, about))
      return
    }
    this.#parts.logger.error({ err: thrown, sessionId: this.#sessionId }, 'frame failed by a bug')
    this.socket.close(1011, 'The gateway failed.')
  }
}

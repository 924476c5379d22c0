// One socket's side of the protocol: frames in, topics held, frames out. Bounded in what it may hold and in how often it may err.
import { randomUUID } from 'node:crypto'
import type { FastifyBaseLogger } from 'fastify'
import type { WebSocket } from 'ws'
import { AppError } from '../errors.ts'
import type { Call } from '../recommender/recommender.ts'
import {
  type ClientFrame,
  encodeAck,
  encodeError,
  encodePong,
  encodeWelcome,
  type FrameOf,
  findFrameId,
  maxSubscriptions,
  parseFrame,
} from './frames.ts'
import { Outbox } from './outbox.ts'
import type { Topic } from './topic.ts'

const maxInvalidFrames = 20
/** Ratings that wait for the broker, so that one client can't take all the room there is for what isn't confirmed. */
const maxUnacknowledged = 32

export type Interaction = { userId: string; itemId: string; rating: number }
export type ConnectionParts = {
  /** Throws TOPIC_UNKNOWN. */
  findTopic: (topic: string) => Topic
  /** Resolves when the interaction is accepted. */
  rate: (interaction: Interaction, call: Call) => Promise<unknown>
  newCall: () => Call
  logger: FastifyBaseLogger
}

export class Connection {
  readonly #socket: WebSocket
  readonly #parts: ConnectionParts
  readonly #outbox: Outbox
  readonly #subscriptions = new Map<string, AbortController>()
  readonly #sessionId = randomUUID()
  #userId: string | undefined
  #invalidFrames = 0
  #unacknowledged = 0

  constructor(socket: WebSocket, parts: ConnectionParts) {
    this.#socket = socket
    this.#parts = parts
    this.#outbox = new Outbox(socket)
    socket.on('message', (data, isBinary) => this.#receive(data as Buffer, isBinary))
    socket.on('close', () => this.#unsubscribeAll())
  }

  #receive(data: Buffer, isBinary: boolean): void {
    if (!this.#outbox.isOpen) return
    let frame: ClientFrame
    try {
      frame = parseFrame(data, isBinary)
    } catch (error) {
      this.#refuseFrame(error as AppError, findFrameId(data, isBinary))
      return
    }
    this.#answer(frame).catch((error: unknown) => this.#tellError(error, { replyTo: frame.id }))
  }

  #refuseFrame(error: AppError, replyTo: string | undefined): void {
    this.#outbox.send(encodeError(error, { replyTo }))
    this.#invalidFrames += 1
    if (this.#invalidFrames >= maxInvalidFrames) this.#socket.close(1008, 'Too many frames that can not be used.')
  }

  async #answer(frame: ClientFrame): Promise<void> {
    switch (frame.type) {
      case 'hello':
        return this.#greet(frame)
      case 'subscribe':
        return this.#subscribe(frame.topic, frame.resume, frame.id)
      case 'unsubscribe':
        this.#unsubscribe(frame.topic)
        return this.#acknowledge(frame.id)
      case 'rate':
        return this.#rate(frame)
      case 'ping':
        return this.#outbox.send(encodePong(frame.id))
    }
  }

  async #greet({ userId, resume = {} }: FrameOf<'hello'>): Promise<void> {
    this.#userId = userId
    this.#outbox.send(encodeWelcome(this.#sessionId))
    await Promise.all(Object.entries(resume).map(([topic, offset]) => this.#subscribe(topic, offset, undefined)))
  }

  /** Subscribing again begins again, so a client that lost track gets what there is. */
  async #subscribe(topic: string, resume: number | undefined, replyTo: string | undefined): Promise<void> {
    const controller = new AbortController()
    const { signal } = controller
    try {
      const found = this.#parts.findTopic(topic)
      this.#unsubscribe(topic)
      this.#requireRoom()
      this.#subscriptions.set(topic, controller)
      await found.subscribe(topic, { outbox: this.#outbox, resume, signal })
      this.#acknowledge(replyTo)
    } catch (error) {
      if (this.#subscriptions.get(topic) === controller) this.#unsubscribe(topic)
      this.#tellError(error, { topic, replyTo })
    }
  }

  #requireRoom(): void {
    if (this.#subscriptions.size < maxSubscriptions) return
    const detail = `This socket holds ${maxSubscriptions} subscriptions, as many as it may. Unsubscribe from one first.`
    throw new AppError('SUBSCRIPTIONS_EXHAUSTED', detail)
  }

  #unsubscribe(topic: string): void {
    this.#subscriptions.get(topic)?.abort()
    this.#subscriptions.delete(topic)
  }

  #unsubscribeAll(): void {
    for (const topic of [...this.#subscriptions.keys()]) this.#unsubscribe(topic)
  }

  async #rate({ id, itemId, rating, userId = this.#userId }: FrameOf<'rate'>): Promise<void> {
    if (userId === undefined) throw new AppError('FRAME_INVALID', 'The frame rate needs a userId, or say it in hello.')
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

  #tellError(thrown: unknown, about: { replyTo?: string | undefined; topic?: string }): void {
    if (thrown instanceof AppError) {
      this.#outbox.send(encodeError(thrown, about))
      return
    }
    this.#parts.logger.error({ err: thrown, sessionId: this.#sessionId }, 'frame failed by a bug')
    this.#socket.close(1011, 'The gateway failed.')
  }
}

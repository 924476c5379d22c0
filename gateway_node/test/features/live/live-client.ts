// A socket as a client drives it: what it sends, and the frames that come, each taken once.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { Compile } from 'typebox/compile'
import { type ClientOptions, WebSocket } from 'ws'
import { serverFrames } from '../../../src/features/live/frames.ts'
import { tokenOf } from '../../sign-in.ts'

type Options = ClientOptions & { userId?: string }

// biome-ignore lint/suspicious/noExplicitAny: tests look into whatever comes.
export type Frame = { type: string; [field: string]: any }

const validators = new Map(Object.entries(serverFrames).map(([type, schema]) => [type, Compile(schema)]))

/** Every frame that comes must be one of the reference. */
function requireKnown(frame: Frame): Frame {
  if (validators.get(frame.type)?.Check(frame)) return frame
  throw new Error(`This frame isn't one of the reference: ${JSON.stringify(frame)}`)
}

/** Only how long a test that fails takes. */
const patienceMs = 5000

export class LiveClient {
  readonly socket: WebSocket
  /** The code that the gateway closed with. */
  readonly closed: Promise<number>
  readonly #frames: Frame[] = []
  #arrived = Promise.withResolvers<void>()
  #nextId = 0

  private constructor(socket: WebSocket) {
    this.socket = socket
    this.closed = new Promise((resolve) => socket.once('close', resolve))
    socket.on('message', (data) => {
      this.#frames.push(requireKnown(JSON.parse(data.toString())))
      this.#arrived.resolve()
      this.#arrived = Promise.withResolvers()
    })
  }

  /** As the operator, if no user is named. */
  static async open(app: FastifyInstance, { userId, ...options }: Options = {}, path?: string): Promise<LiveClient> {
    const client = await LiveClient.connect(app, options, path)
    await client.greet(await tokenOf(app, userId))
    return client
  }

  /** Nobody yet. Starts listening where the app doesn't yet. Rejects with the gateway's status where it refuses. */
  static async connect(app: FastifyInstance, options: ClientOptions = {}, path = '/v1/live'): Promise<LiveClient> {
    if (!app.server.listening) await app.listen({ port: 0, host: '127.0.0.1' })
    const { port } = app.server.address() as AddressInfo
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, options)
    const client = new LiveClient(socket)
    await once(socket, 'open')
    return client
  }

  send(frame: object): void {
    this.socket.send(JSON.stringify(frame))
  }

  /** Says hello, and resolves with the welcome. */
  greet(token: string, resume?: Record<string, number>): Promise<Frame> {
    this.send({ type: 'hello', token, resume })
    return this.take((frame) => frame.type === 'welcome')
  }

  /** Resolves when the gateway has done what the frame asks for. */
  async ask(frame: object): Promise<Frame> {
    this.#nextId += 1
    const id = `frame-${this.#nextId}`
    this.send({ ...frame, id })
    return this.take((answer) => answer.replyTo === id)
  }

  subscribe(topic: string, resume?: number): Promise<Frame> {
    return this.ask({ type: 'subscribe', topic, resume })
  }

  /** Takes the first frame that fits, now or when it comes. */
  async take(fits: (frame: Frame) => boolean): Promise<Frame> {
    const impatience = Promise.withResolvers<never>()
    const timer = setTimeout(
      () => impatience.reject(new Error(`No such frame came, but ${this.#describe()}`)),
      patienceMs,
    )
    try {
      for (;;) {
        const index = this.#frames.findIndex(fits)
        if (index >= 0) return this.#frames.splice(index, 1)[0] as Frame
        await Promise.race([this.#arrived.promise, impatience.promise])
      }
    } finally {
      clearTimeout(timer)
    }
  }

  #describe(): string {
    return JSON.stringify(this.#frames).slice(0, 2000)
  }

  event(topic: string): Promise<Frame> {
    return this.take((frame) => frame.type === 'event' && frame.topic === topic)
  }

  async events(topic: string, count: number): Promise<Frame[]> {
    const events: Frame[] = []
    while (events.length < count) events.push(await this.event(topic))
    return events
  }

  error(): Promise<Frame> {
    return this.take((frame) => frame.type === 'error')
  }

  /** Everything that came so far and wasn't taken. */
  get untaken(): readonly Frame[] {
    return this.#frames
  }

  /** Everything that came and wasn't taken. What was sent before a pong has come before it. */
  async rest(): Promise<Frame[]> {
    await this.ask({ type: 'ping' })
    return this.#frames.splice(0)
  }
}

// A client of the socket. It sends frames and keeps the received frames until a test takes them.
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

/** Check that a frame fits the schema of its type. */
function requireKnown(frame: Frame): Frame {
  if (validators.get(frame.type)?.Check(frame)) return frame
  throw new Error(`This frame isn't one of the reference: ${JSON.stringify(frame)}`)
}

/** The time until a failing test ends. */
const deadlineMs = 5000

export class LiveClient {
  readonly socket: WebSocket
  /** The close code from the gateway. */
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

  /** Connect and sign in: as the operator, if no user is given. */
  static async open(app: FastifyInstance, { userId, ...options }: Options = {}, path?: string): Promise<LiveClient> {
    const client = await LiveClient.connect(app, options, path)
    await client.greet(await tokenOf(app, userId))
    return client
  }

  /** Connect without a sign-in. Start the app's server if it isn't listening. Reject with the gateway's status if it refuses. */
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

  /** Send hello, and resolve with the welcome. */
  greet(token: string, resume?: Record<string, number>): Promise<Frame> {
    this.send({ type: 'hello', token, resume })
    return this.take((frame) => frame.type === 'welcome')
  }

  /** Send a frame, and resolve with the gateway's answer to it. */
  async ask(frame: object): Promise<Frame> {
    this.#nextId += 1
    const id = `frame-${this.#nextId}`
    this.send({ ...frame, id })
    return this.take((answer) => answer.replyTo === id)
  }

  subscribe(topic: string, resume?: number): Promise<Frame> {
    return this.ask({ type: 'subscribe', topic, resume })
  }

  /** Take the first frame that fits; wait for it if needed. */
  async take(fits: (frame: Frame) => boolean): Promise<Frame> {
    const deadline = Promise.withResolvers<never>()
    const timer = setTimeout(
      () => deadline.reject(new Error(`No such frame came, but ${this.#describe()}`)),
      deadlineMs,
    )
    try {
      for (;;) {
        const index = this.#frames.findIndex(fits)
        if (index >= 0) return this.#frames.splice(index, 1)[0] as Frame
        await Promise.race([this.#arrived.promise, deadline.promise])
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

  /** The frames that have arrived and are not taken. */
  get untaken(): readonly Frame[] {
    return this.#frames
  }

  /** Send a ping, and take all frames that arrive before its pong. */
  async rest(): Promise<Frame[]> {
    await this.ask({ type: 'ping' })
    return this.#frames.splice(0)
  }
}

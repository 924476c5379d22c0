// A raw connection that sends any bytes at any time, which no client library allows.
import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { tokenOf } from './sign-in.ts'

/** The first answer, and the number of answers. */
type First = { answers: number; status: number; contentType: string; body: string }

export class RawConnection {
  readonly #socket: Socket
  readonly #token: string
  #text = ''

  private constructor(socket: Socket, token: string) {
    this.#socket = socket
    this.#token = token
    socket.setEncoding('utf8')
    socket.on('error', () => {})
    socket.on('data', (text) => {
      this.#text += text
    })
    socket.pause()
  }

  static async open(app: FastifyInstance): Promise<RawConnection> {
    if (!app.server.listening) await app.listen({ port: 0, host: '127.0.0.1' })
    const { port } = app.server.address() as AddressInfo
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    return new RawConnection(socket, await tokenOf(app))
  }

  send(text: string): this {
    this.#socket.write(text)
    return this
  }

  /** Send a request with the operator's token. */
  sendHead(line: string, headers: Record<string, string | number> = {}): this {
    const authorization = `Bearer ${this.#token}`
    const given = Object.entries({ host: 'localhost', authorization, ...headers }).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    )
    return this.send(`${line} HTTP/1.1\r\n${given.join('')}\r\n`)
  }

  /** Read until the gateway closes the connection. */
  async untilClosed(): Promise<First> {
    this.#socket.resume()
    if (!this.#socket.closed) await once(this.#socket, 'close')
    return this.first()
  }

  /** Read until `count` answers have arrived on this connection. */
  async untilAnswered(count: number): Promise<void> {
    this.#socket.resume()
    while (this.first().answers < count) await once(this.#socket, 'data')
    this.#socket.pause()
  }

  /** Return the first answer. */
  first(): First {
    const [head = '', body = ''] = this.#text.split('\r\n\r\n')
    const contentType = /content-type: (.*)/i.exec(head)?.[1] ?? ''
    const answers = this.#text.match(/HTTP\/1\.1 \d/g)?.length ?? 0
    return { answers, status: Number(head.split(' ')[1]), contentType, body }
  }

  leave(): void {
    this.#socket.destroy()
  }
}

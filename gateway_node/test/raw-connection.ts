// A connection that sends whatever it is told to, when it is told to, as no client library would.
import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { tokenOf } from './sign-in.ts'

export class RawConnection {
  readonly #socket: Socket
  readonly #token: string
  #text = ''

  private constructor(socket: Socket, token: string) {
    this.#socket = socket
    this.#token = token
    socket.setEncoding('utf8')
    socket.on('error', () => {})
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

  /** As the operator. */
  sendHead(line: string, headers: Record<string, string | number> = {}): this {
    const authorization = `Bearer ${this.#token}`
    const given = Object.entries({ host: 'localhost', authorization, ...headers }).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    )
    return this.send(`${line} HTTP/1.1\r\n${given.join('')}\r\n`)
  }

  /** All that was answered until the gateway closed, as status and the body of the last answer. */
  async untilClosed(): Promise<{ status: number; contentType: string; body: string }> {
    this.#socket.on('data', (text) => {
      this.#text += text
    })
    await once(this.#socket, 'close')
    const [head = '', body = ''] = this.#text.split('\r\n\r\n')
    const contentType = /content-type: (.*)/i.exec(head)?.[1] ?? ''
    return { status: Number(head.split(' ')[1]), contentType, body }
  }

  leave(): void {
    this.#socket.destroy()
  }
}

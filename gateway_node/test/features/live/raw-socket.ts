// A socket of bytes: it upgrades as it should, and then sends what no client library would.
import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

const upgrade = [
  'GET /v1/live HTTP/1.1',
  'host: 127.0.0.1',
  'connection: upgrade',
  'upgrade: websocket',
  'sec-websocket-version: 13',
  'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
]

export class RawSocket {
  readonly #socket: Socket

  private constructor(socket: Socket) {
    this.#socket = socket
  }

  /** Nobody has signed in on it. Starts listening where the app doesn't yet. */
  static async open(app: FastifyInstance): Promise<RawSocket> {
    if (!app.server.listening) await app.listen({ port: 0, host: '127.0.0.1' })
    const { port } = app.server.address() as AddressInfo
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write(`${upgrade.join('\r\n')}\r\n\r\n`)
    await once(socket, 'data')
    return new RawSocket(socket)
  }

  /** Sends short texts, each as a frame of its own with a mask of zeros. Never answers a closing. */
  sendTexts(texts: string[]): void {
    for (const text of texts)
      this.#socket.write(Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0, ...Buffer.from(text)]))
  }

  /** The next bytes that come, such as a closing frame, are answered with these. */
  answerWith(bytes: number[]): void {
    this.#socket.once('data', () => this.#socket.write(Buffer.from(bytes)))
  }
}

// A server that speaks as much AMQP 0-9-1 as a client needs to open a connection and a channel. It keeps what the client sends.
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { TestContext } from 'node:test'

const endOfFrame = 0xce
const methodFrame = 1

/** The answers to methods, each by its class and its number, and the fields of the answer. */
const answers: Record<string, [classId: number, methodId: number, fields: Buffer]> = {
  // start-ok: tune, with 2047 channels, frames of 128 KiB and no heartbeat.
  '10.11': [10, 30, Buffer.from([0x07, 0xff, 0, 2, 0, 0, 0, 0])],
  // connection.open, channel.open, connection.close
  '10.40': [10, 41, Buffer.from([0])],
  '20.10': [20, 11, Buffer.alloc(4)],
  '10.50': [10, 51, Buffer.alloc(0)],
}

export class AmqpServer {
  /** What arrived since the last `clear`, each piece as the socket delivered it. */
  pieces: Buffer[] = []
  url = ''

  static async start(t: TestContext): Promise<AmqpServer> {
    const amqp = new AmqpServer()
    const server = createServer((socket) => amqp.#serve(socket))
    await once(server.listen(0, '127.0.0.1'), 'listening')
    t.after(() => server.close())
    amqp.url = `amqp://127.0.0.1:${(server.address() as AddressInfo).port}/?heartbeat=0`
    return amqp
  }

  #serve(socket: Socket) {
    socket.on('error', () => {})
    socket.on('data', (piece) => {
      this.pieces.push(piece)
      if (piece.toString('latin1').startsWith('AMQP')) return void socket.write(startMethod())
      for (const [channel, method] of methodsIn(piece)) {
        const answer = answers[method]
        if (answer) socket.write(encode(channel, ...answer))
      }
    })
  }
}

function startMethod(): Buffer {
  const [none, plain, language] = [Buffer.alloc(4), longText('PLAIN'), longText('en_US')]
  return encode(0, 10, 10, Buffer.concat([Buffer.from([0, 9]), none, plain, language]))
}

function longText(text: string): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(text.length)
  return Buffer.concat([length, Buffer.from(text)])
}

function encode(channel: number, classId: number, methodId: number, fields: Buffer): Buffer {
  const head = Buffer.alloc(11)
  head.writeUInt8(methodFrame, 0)
  head.writeUInt16BE(channel, 1)
  head.writeUInt32BE(4 + fields.length, 3)
  head.writeUInt16BE(classId, 7)
  head.writeUInt16BE(methodId, 9)
  return Buffer.concat([head, fields, Buffer.from([endOfFrame])])
}

function methodsIn(piece: Buffer): [channel: number, method: string][] {
  const methods: [number, string][] = []
  for (let at = 0; at + 11 <= piece.length; at += 8 + piece.readUInt32BE(at + 3))
    if (piece[at] === methodFrame)
      methods.push([piece.readUInt16BE(at + 1), `${piece.readUInt16BE(at + 7)}.${piece.readUInt16BE(at + 9)}`])
  return methods
}

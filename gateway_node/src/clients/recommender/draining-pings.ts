// Works around a bug of grpc-js: https://github.com/grpc/grpc-node/issues/3068. When a server drains a connection (GOAWAY), grpc-js still sends it
// keepalive pings. Node refuses to send a ping on a closing connection, and grpc-js takes the refusal for a dead connection: it drops the calls that
// the server is still answering. So this file answers such pings itself. If the recommender freezes while it drains, only the calls' deadlines end them.
// Remove this file once draining-pings.test.ts fails, because grpc-js then keeps these calls.
import { subscribe } from 'node:diagnostics_channel'
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2'

type OnPing = (error: Error | null, duration: number, payload: Buffer) => void

const watched = new WeakSet<ClientHttp2Session>()
const payload = Buffer.alloc(8)

function answerAtOnce(onPing: OnPing): boolean {
  process.nextTick(onPing, null, 0, payload)
  return true
}

/** Watch every HTTP/2 client of this process. Only gRPC has some. */
export function keepDrainingCalls(): void {
  subscribe('http2.client.stream.created', (message) => {
    const { session } = (message as { stream: ClientHttp2Stream }).stream
    if (session === undefined || watched.has(session as ClientHttp2Session)) return
    watched.add(session as ClientHttp2Session)
    session.once('goaway', () => Object.assign(session, { ping: answerAtOnce }))
  })
}

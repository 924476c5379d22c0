// Keeps calls alive whose connection their server is about to end. grpc-js pings that connection, too; Node refuses to, and grpc-js then drops
// what is still being answered: github.com/grpc/grpc-node/issues/3068. Until that is mended, such a ping counts as answered, and of a recommender
// that freezes in its last seconds only the calls' deadlines tell.
import { subscribe } from 'node:diagnostics_channel'
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2'

type Pinged = (error: Error | null, duration: number, payload: Buffer) => void

const watched = new WeakSet<ClientHttp2Session>()
const payload = Buffer.alloc(8)

function answerAtOnce(pinged: Pinged): boolean {
  process.nextTick(pinged, null, 0, payload)
  return true
}

/** Of every HTTP/2 client in this process: gRPC's are the only ones. */
export function spareDrainingCalls(): void {
  subscribe('http2.client.stream.created', (message) => {
    const { session } = (message as { stream: ClientHttp2Stream }).stream
    if (session === undefined || watched.has(session as ClientHttp2Session)) return
    watched.add(session as ClientHttp2Session)
    session.once('goaway', () => Object.assign(session, { ping: answerAtOnce }))
  })
}

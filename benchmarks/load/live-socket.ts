// A client of /v1/live, or without a topic, of any WebSocket server.
import { once } from 'node:events'
import { WebSocket } from 'ws'

/** One loopback address has a limited number of ephemeral ports, so many connections to one port need several addresses. */
type Origin = { localAddress?: string }

let operator: Promise<string> | undefined

/** One operator's token for all sockets: an operator may subscribe to any user. */
function signIn(url: URL): Promise<string> {
  operator ??= openSession(url)
  return operator
}

async function openSession(url: URL): Promise<string> {
  const request = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"role":"operator"}' }
  const answer = await fetch(new URL('/v1/sessions', url), request)
  return (await answer.json()).token
}

/** Resolves with the topic's first event, or without a topic, once the socket is open. */
export async function openSocket(url: URL, topic: string, onText: (text: string) => void, origin: Origin = {}) {
  const socket = new WebSocket(`ws://${url.host}/v1/live`, { perMessageDeflate: false, ...origin })
  const first = Promise.withResolvers<void>()
  socket.on('message', (data) => {
    const text = String(data)
    if (text.startsWith('{"type":"event"')) first.resolve()
    onText(text)
  })
  socket.on('error', first.reject)
  await Promise.race([once(socket, 'open'), first.promise])
  if (topic === '') return socket
  socket.send(JSON.stringify({ type: 'hello', token: await signIn(url) }))
  socket.send(JSON.stringify({ type: 'subscribe', topic }))
  await first.promise
  return socket
}

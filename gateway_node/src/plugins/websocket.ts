// Gives sockets a lifetime: bounds their frames, finds the dead ones, and closes all with 1001 before the server stops.
import fastifyWebsocket from '@fastify/websocket'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { WebSocket, WebSocketServer } from 'ws'
import { closingMs } from '../config.ts'
import { AppError } from '../errors.ts'
import { pathOf } from '../http/problem.ts'

/** A larger frame closes the socket with 1009. */
const maxPayloadBytes = 64 * 1024
/** Each fragment costs as much as a message. One of more closes the socket with 1008. */
const maxFragments = 16
const pingIntervalMs = 30_000
/** Sockets that are told to go come back spread over this time at least, and not faster than this. */
const returnMs = 1000
const returnsPerMs = 1

export const websocketPlugin = fp(
  async (app) => {
    await app.register(fastifyWebsocket, {
      // Compressed, a frame within its bound may still be a thousand times as much to hold; and secrets beside guesses shrink.
      options: { maxPayload: maxPayloadBytes, maxFragments, perMessageDeflate: false },
      errorHandler: (error, socket, request) => onError(error, socket, request),
      preClose: async () => closeSockets(app.websocketServer),
    })
    app.addHook('onRequest', async (request) => {
      if (request.ws) requireSocketRoute(request, app.isDraining)
    })
    app.addHook('onResponse', (request, _reply, done) => {
      // Refused before the library looked at it, so nobody ends the connection: Node hands an upgrade's over.
      const { upgrade } = request.raw as { upgrade?: boolean }
      if (upgrade && request.ws === null) request.raw.socket.destroySoon()
      done()
    })
    const stopReaping = reapDeadSockets(app.websocketServer)
    app.addHook('onClose', async () => stopReaping())
  },
  { name: 'websocket', dependencies: ['drain'] },
)

/** Without this, a socket could be opened on any page, and would only then be closed; or while the others are closed, and would outlive them. */
function requireSocketRoute(request: FastifyRequest, isDraining: boolean): void {
  if (isDraining) throw new AppError('SHUTTING_DOWN', 'The gateway is about to stop. Connect to another replica.')
  if (request.routeOptions.config.isSocket) return
  throw new AppError('ROUTE_UNKNOWN', `No socket is served at ${pathOf(request)}. Use /v1/live.`)
}

/** Whatever serves a socket throws only by a bug of ours. */
function onError(error: Error, socket: WebSocket, request: FastifyRequest): void {
  request.log.error({ err: error }, 'socket failed by a bug')
  socket.close(1011, 'The gateway failed.')
}

/** A peer that vanished sends no close; only a missing pong tells. */
function reapDeadSockets(server: WebSocketServer): () => void {
  const unanswered = new WeakSet<WebSocket>()
  // One for all of them: there may be ten thousand.
  function onPong(this: WebSocket) {
    unanswered.delete(this)
  }
  server.on('connection', (socket) => socket.on('pong', onPong))
  const timer = setInterval(() => {
    for (const socket of server.clients) {
      if (unanswered.has(socket)) socket.terminate()
      else socket.ping()
      unanswered.add(socket)
    }
  }, pingIntervalMs)
  timer.unref()
  return () => clearInterval(timer)
}

async function closeSockets(server: WebSocketServer): Promise<void> {
  const sockets = [...server.clients]
  const closed = Promise.all(sockets.map(untilClosed))
  for (const socket of sockets) socket.close(1001, encodeFarewell(sockets.length))
  const impatience = setTimeout(() => {
    for (const socket of sockets) socket.terminate()
  }, closingMs)
  await closed
  clearTimeout(impatience)
}

/** Never rejects: a peer may answer the closing with a broken frame, and `once` of `node:events` would reject with that error. */
function untilClosed(socket: WebSocket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()))
}

/** For programs: when to come back. All at once would be more than the gateways that are left can welcome. */
function encodeFarewell(sockets: number): string {
  const retryAfterMs = Math.round(Math.random() * Math.max(returnMs, sockets / returnsPerMs))
  return JSON.stringify({ reason: 'SHUTTING_DOWN', retryAfterMs })
}

declare module 'fastify' {
  interface FastifyContextConfig {
    isSocket?: boolean
  }
}

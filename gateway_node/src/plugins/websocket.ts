// Gives sockets a lifetime: bounds their frames, finds the dead ones, and closes all with 1001 before the server stops.
import { once } from 'node:events'
import fastifyWebsocket from '@fastify/websocket'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { WebSocket, WebSocketServer } from 'ws'
import { AppError } from '../errors.ts'

/** A larger frame closes the socket with 1009. */
const maxPayloadBytes = 64 * 1024
const pingIntervalMs = 30_000
/** How long a socket may take to answer the closing; less than GATEWAY_SHUTDOWN_MS. */
const closingMs = 2000

export const websocketPlugin = fp(
  async (app) => {
    await app.register(fastifyWebsocket, {
      options: { maxPayload: maxPayloadBytes },
      errorHandler: (error, socket, request) => onError(error, socket, request),
      preClose: async () => closeSockets(app.websocketServer),
    })
    app.addHook('onRequest', async (request) => requireSocketRoute(request))
    const stopReaping = reapDeadSockets(app.websocketServer)
    app.addHook('onClose', async () => stopReaping())
  },
  { name: 'websocket' },
)

/** Without this, a socket could be opened on any page, and would only then be closed. */
function requireSocketRoute({ ws: isUpgrade, routeOptions, url }: FastifyRequest): void {
  if (!isUpgrade || routeOptions.config.isSocket) return
  throw new AppError('ROUTE_UNKNOWN', `No socket is served at ${url}. Use /v1/live.`)
}

/** `ws` has answered a broken frame with its close code already; anything else is a bug of ours. */
function onError(error: Error, socket: WebSocket, request: FastifyRequest): void {
  if (socket.readyState !== socket.OPEN) {
    request.log.debug({ err: error }, 'socket broken')
    return
  }
  request.log.error({ err: error }, 'socket failed by a bug')
  socket.close(1011, 'The gateway failed.')
}

/** A peer that vanished sends no close; only a missing pong tells. */
function reapDeadSockets(server: WebSocketServer): () => void {
  const unanswered = new WeakSet<WebSocket>()
  server.on('connection', (socket) => {
    socket.on('pong', () => unanswered.delete(socket))
  })
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
  const closed = Promise.all(sockets.map((socket) => once(socket, 'close')))
  for (const socket of sockets) socket.close(1001, 'This gateway stops. Connect to another and resume by offset.')
  const impatience = setTimeout(() => {
    for (const socket of sockets) socket.terminate()
  }, closingMs)
  await closed
  clearTimeout(impatience)
}

declare module 'fastify' {
  interface FastifyContextConfig {
    isSocket?: boolean
  }
}

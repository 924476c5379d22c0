// The lifetime of sockets: limit their frames, end the dead ones, and close all with 1001 before the server stops.
import fastifyWebsocket from '@fastify/websocket'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { WebSocket, WebSocketServer } from 'ws'
import { closingMs } from '../config.ts'
import { AppError } from '../errors.ts'
import { pathOf } from '../http/problem.ts'

/** A larger frame closes the socket with 1009. */
const maxPayloadBytes = 64 * 1024
/** Each fragment costs as much as a message. A message of more fragments closes the socket with 1008. */
const maxFragments = 16
const pingIntervalMs = 30_000
/** A closing gateway spreads the reconnects of its clients over this time at least. */
const returnMs = 1000
/** With more sockets it spreads them over a longer time, at this rate at most. */
const returnsPerMs = 1

export const websocketPlugin = fp(
  async (app) => {
    await app.register(fastifyWebsocket, {
      // No compression: a small frame could decompress to a thousand times its size, and the size of a compressed frame can reveal a secret in it.
      options: { maxPayload: maxPayloadBytes, maxFragments, perMessageDeflate: false },
      errorHandler: (error, socket, request) => onError(error, socket, request),
      preClose: async () => closeSockets(app.websocketServer),
    })
    app.addHook('onRequest', async (request) => {
      if (request.ws) requireSocketRoute(request, app.isDraining)
    })
    app.addHook('onResponse', (request, _reply, done) => {
      // An earlier hook refused this upgrade, so the library hasn't seen it. Node leaves the connection to the handler of the upgrade: close it here.
      const { upgrade } = request.raw as { upgrade?: boolean }
      if (upgrade && request.ws === null) request.raw.socket.destroySoon()
      done()
    })
    const stopReaping = reapDeadSockets(app.websocketServer)
    app.addHook('onClose', async () => stopReaping())
  },
  { name: 'websocket', dependencies: ['drain'] },
)

/** Refuse an upgrade of another route, and any upgrade while the gateway drains: that socket would outlive the others. */
function requireSocketRoute(request: FastifyRequest, isDraining: boolean): void {
  if (isDraining) throw new AppError('SHUTTING_DOWN', 'The gateway is about to stop. Connect to another replica.')
  if (request.routeOptions.config.isSocket) return
  throw new AppError('ROUTE_UNKNOWN', `No socket is served at ${pathOf(request)}. Use /v1/live.`)
}

/** The handler of a socket throws only if it has a bug. */
function onError(error: Error, socket: WebSocket, request: FastifyRequest): void {
  request.log.error({ err: error }, 'socket failed because of a bug')
  socket.close(1011, 'The gateway failed.')
}

/** Ping every socket, and end those that didn't answer the ping before: a peer that vanished sends no close frame. */
function reapDeadSockets(server: WebSocketServer): () => void {
  const unanswered = new WeakSet<WebSocket>()
  // One function for all sockets, to save memory: there may be ten thousand.
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
  for (const socket of sockets) socket.close(1001, encodeCloseReason(sockets.length))
  const cutOff = setTimeout(() => {
    for (const socket of sockets) socket.terminate()
  }, closingMs)
  await closed
  clearTimeout(cutOff)
}

/** Resolve on close. `once` of `node:events` isn't usable here: it rejects if the peer answers the close with a broken frame. */
function untilClosed(socket: WebSocket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()))
}

/** The reason of the close frame. It gives each client its own time to reconnect, because the remaining gateways can't accept all at once. */
function encodeCloseReason(sockets: number): string {
  const retryAfterMs = Math.round(Math.random() * Math.max(returnMs, sockets / returnsPerMs))
  return JSON.stringify({ reason: 'SHUTTING_DOWN', retryAfterMs })
}

declare module 'fastify' {
  interface FastifyContextConfig {
    isSocket?: boolean
  }
}

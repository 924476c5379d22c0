// GET /v1/live: refuses wrong origins, gives each socket a connection, and connects the topics with what they tell about.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { AppError } from '../../errors.ts'
import { Connection, type ConnectionParts } from './connection.ts'
import { Expiries } from './expiries.ts'
import { clientFrames, serverFrames } from './frames.ts'
import { SocketCounts } from './socket-counts.ts'
import { createTopics, type Topics, topicAccess, topicNames } from './topics.ts'

/** OpenAPI knows no frames, so they go beside what it knows. */
const schema = {
  tags: ['live'],
  summary: 'Open a socket',
  description: `A WebSocket with JSON frames (\`x-frames\`). Topics: ${topicNames.join(', ')}.`,
  'x-frames': { client: clientFrames, server: serverFrames },
  'x-topics': topicAccess,
}

export const liveRoutes = fp(
  async (app) => {
    const { framesPerMinute } = app.config.limits
    const topics = createTopics(app)
    app.decorate('topics', topics)
    const parts: ConnectionParts = {
      findTopic: topics.findTopic,
      rate: (interaction, call) => app.recordInteraction(interaction, call),
      newCall: () => app.newCall(),
      verifyToken: app.verifyToken,
      sockets: new SocketCounts(app.config.limits.socketsPerIdentity),
      expiries: new Expiries(),
      frames: { capacity: framesPerMinute, perSecond: framesPerMinute / 60 },
      limits: app.config.limits,
      logger: app.log,
    }
    /** `ws` has answered a broken frame with its close code already. */
    const onBroken = (error: Error) => app.log.debug({ err: error }, 'socket broken')
    app.route({
      method: 'GET',
      url: '/v1/live',
      // Fastify's HEAD route would run the hooks of an upgrade, but the library would never answer it.
      exposeHeadRoute: false,
      config: { isSocket: true, access: ['anyone'] },
      schema,
      onRequest: async (request) => requireOrigin(app, request),
      preHandler: async (request, reply) => {
        if (request.ws) leaveHttp(reply)
      },
      handler: async () => {
        throw new AppError('REQUEST_INVALID', 'This is a WebSocket. Ask for an upgrade.')
      },
      wsHandler: (socket) => {
        // The library's listener would hold the request.
        socket.removeAllListeners('error')
        socket.on('error', onBroken)
        new Connection(socket, parts)
      },
    })
  },
  { name: 'live', dependencies: ['auth', 'websocket', 'interactions', 'jobs', 'stats', 'broker', 'recommender'] },
)

/** The last step before the upgrade: what belongs to a request would weigh as much as the rest of an idle socket, and live as long. */
function leaveHttp({ raw }: FastifyReply): void {
  if (raw.socket) raw.detachSocket(raw.socket)
}

/** Browsers don't keep pages of other origins from opening sockets, so this does. Other clients send no Origin. `Host` is a known name by now. */
function requireOrigin(app: FastifyInstance, { headers }: FastifyRequest): void {
  const { origin, host } = headers
  if (origin === undefined || app.config.allowedOrigins.includes(origin)) return
  if (URL.canParse(origin) && new URL(origin).host === host) return
  throw new AppError(
    'ORIGIN_REFUSED',
    `Pages of ${origin} may not open this socket. Serve the page from an allowed origin.`,
  )
}

declare module 'fastify' {
  interface FastifyInstance {
    topics: Topics
  }
}

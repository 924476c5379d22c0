// GET /v1/live: refuses wrong origins, gives each socket a connection, and connects the topics with what they tell about.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { AppError } from '../errors.ts'
import { Connection, type ConnectionParts } from './connection.ts'
import { clientFrames, serverFrames } from './frames.ts'
import { SocketCounts } from './socket-counts.ts'
import { createTopics, topicAccess, topicNames } from './topics.ts'

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
    const parts: ConnectionParts = {
      findTopic: createTopics(app),
      rate: (interaction, call) => app.recordInteraction(interaction, call),
      newCall: () => app.newCall(),
      verifyToken: app.verifyToken,
      sockets: new SocketCounts(app.config.limits.socketsPerIdentity),
      limits: app.config.limits,
      logger: app.log,
    }
    app.route({
      method: 'GET',
      url: '/v1/live',
      config: { isSocket: true, access: ['anyone'] },
      schema,
      onRequest: async (request) => requireOrigin(app, request),
      handler: async () => {
        throw new AppError('REQUEST_INVALID', 'This is a WebSocket. Ask for an upgrade.')
      },
      wsHandler: (socket) => {
        new Connection(socket, parts)
      },
    })
  },
  { name: 'live', dependencies: ['auth', 'websocket', 'interactions', 'jobs', 'stats', 'broker', 'recommender'] },
)

/** Browsers don't keep pages of other origins from opening sockets, so this does. Other clients send no Origin. */
function requireOrigin(app: FastifyInstance, { headers }: FastifyRequest): void {
  const { origin, host } = headers
  if (origin === undefined || app.config.allowedOrigins.includes(origin)) return
  if (URL.canParse(origin) && new URL(origin).host === host) return
  throw new AppError(
    'ORIGIN_REFUSED',
    `Pages of ${origin} may not open this socket. Serve the page from an allowed origin.`,
  )
}

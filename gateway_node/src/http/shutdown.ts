// Draining before the stop: /readyz answers 503, each answer closes its connection, and connections without a request don't delay the stop.
import type { Socket } from 'node:net'
import fp from 'fastify-plugin'

export const drainPlugin = fp(
  async (app) => {
    const connections = new Set<Socket>()
    let isDraining = false
    app.decorate('isDraining', { getter: () => isDraining })
    app.decorate('drain', () => {
      isDraining = true
    })
    // One function for all connections, to save memory: thousands of them become idle sockets.
    function forget(this: Socket) {
      connections.delete(this)
    }
    app.server.on('connection', (connection: Socket) => {
      connections.add(connection)
      connection.on('close', forget)
    })
    app.addHook('onSend', (_request, reply, payload, done) => {
      // The client opens a new connection for its next request, and reaches another replica.
      if (isDraining) reply.header('connection', 'close')
      done(null, payload)
    })
    app.addHook('preClose', async () => {
      app.drain()
      // Browsers open connections before they need them. Node doesn't count these as idle, so its server would wait for their first request.
      for (const connection of connections) if (connection.bytesRead === 0) connection.destroy()
    })
  },
  { name: 'drain' },
)

declare module 'fastify' {
  interface FastifyInstance {
    /** Make /readyz answer 503, so that a load balancer sends new requests to other replicas. The gateway still answers the requests that arrive. */
    drain(): void
    readonly isDraining: boolean
  }
}

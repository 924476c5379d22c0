// The end of taking work, in good order: the gateway says so, keeps no connection for a next request, and waits for nobody who asks nothing.
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
    // One for all of them, and it stays, so that a connection that becomes an idle socket weighs no more than it must.
    function forget(this: Socket) {
      connections.delete(this)
    }
    app.server.on('connection', (connection: Socket) => {
      connections.add(connection)
      connection.on('close', forget)
    })
    app.addHook('onSend', (_request, reply, payload, done) => {
      // Whoever asks next opens a new connection, and finds another replica.
      if (isDraining) reply.header('connection', 'close')
      done(null, payload)
    })
    app.addHook('preClose', async () => {
      app.drain()
      // Browsers open connections ahead of need. To Node these aren't idle, so its server would wait for their first request.
      for (const connection of connections) if (connection.bytesRead === 0) connection.destroy()
    })
  },
  { name: 'drain' },
)

declare module 'fastify' {
  interface FastifyInstance {
    /** From now on the gateway isn't ready: whoever balances loads sends new work elsewhere. What comes all the same is answered. */
    drain(): void
    readonly isDraining: boolean
  }
}

// Refuses requests and upgrades whose `Host` isn't a name of this gateway. Probes are exempt: a platform may use any address for them, and their answers hold no user data.
import fp from 'fastify-plugin'
import { AppError } from '../errors.ts'
import { createKnownHosts } from '../hosts.ts'

const shownLength = 100

export const hostCheckPlugin = fp(
  async (app) => {
    const isKnown = createKnownHosts(app.config)
    app.addHook('onRequest', (request, _reply, done) => {
      const { host } = request.headers
      if (isKnown(host) || request.routeOptions.config.isProbe) return done()
      const shown = host === undefined ? 'no Host' : `the Host ${host.slice(0, shownLength)}`
      const todo = 'Use 127.0.0.1, or add the name to GATEWAY_ALLOWED_HOSTS'
      done(new AppError('HOST_REFUSED', `The request names ${shown}, which is no name of this gateway. ${todo}.`))
    })
  },
  { name: 'host-check', dependencies: ['problem'] },
)

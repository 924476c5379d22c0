// Refuses requests and upgrades whose `Host` isn't a name of this gateway. Probes are exempt: a platform may use any address for them, and their answers hold no user data.
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { AppError } from '../errors.ts'
import { createKnownHosts } from './hosts.ts'

const shownLength = 100

export const hostCheckPlugin = fp(
  async (app) => {
    const isKnown = createKnownHosts(app.config)
    app.addHook('onRequest', (request, _reply, done) => {
      const hosts = hostsOf(request)
      const areKnown = hosts.length > 0 && hosts.every(isKnown)
      if (areKnown || request.routeOptions.config.isProbe) return done()
      const shown = hosts.length === 0 ? 'no Host' : `the Host ${hosts.join(', ').slice(0, shownLength)}`
      const todo = 'Use 127.0.0.1, or add the name to GATEWAY_ALLOWED_HOSTS'
      done(new AppError('HOST_REFUSED', `The request names ${shown}, which is no name of this gateway. ${todo}.`))
    })
  },
  { name: 'host-check', dependencies: ['problem'] },
)

/** Return the values of all `Host` headers. Node's `headers` holds only the first. */
function hostsOf({ raw: { rawHeaders } }: FastifyRequest): string[] {
  const isHost = (_value: string, index: number) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === 'host'
  return rawHeaders.filter(isHost)
}

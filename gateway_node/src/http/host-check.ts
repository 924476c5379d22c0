// Refuses requests and upgrades whose `Host` isn't a name of this gateway. Without this check, a foreign page could point its own name at this
// machine (DNS rebinding), and the browser would take the page and the gateway for one origin. Probes are exempt: a platform may use any address
// for them, and their answers hold no user data.
import { BlockList, isIP, isIPv6 } from 'node:net'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'

const shownLength = 100
const hostPattern = /^(?:\[([\da-f:.]+)\]|([\w.-]+))(?::\d{1,5})?$/i
const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8)
loopback.addAddress('::1', 'ipv6')

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

type Names = Pick<Config, 'host' | 'allowedHosts' | 'allowedOrigins'>

/** Return a function that tells whether a `Host` header names this gateway. It ignores the port. */
function createKnownHosts({ host, allowedHosts, allowedOrigins }: Names): (header: string) => boolean {
  const originHosts = allowedOrigins.map((origin) => readName(new URL(origin).host))
  const names = new Set([...[host, ...allowedHosts].map(tidy), ...originHosts])
  // This gateway listens on every address of its machine. IP addresses are safe: a foreign page can point only a name at it.
  const hasEveryAddress = ['0.0.0.0', '::'].includes(host)
  return (header) => {
    const name = readName(header)
    if (name === undefined) return false
    return names.has(name) || isLoopback(name) || (hasEveryAddress && isIP(name) !== 0)
  }
}

export function isLoopback(host: string): boolean {
  if (isIP(host) === 0) return tidy(host) === 'localhost'
  return loopback.check(host, isIPv6(host) ? 'ipv6' : 'ipv4')
}

/** Return the name without the port; undefined if the header isn't a host name or an address. */
function readName(header: string): string | undefined {
  const [, ipv6, name = ipv6] = hostPattern.exec(header) ?? []
  return name === undefined ? undefined : tidy(name)
}

const tidy = (name: string) => name.toLowerCase().replace(/\.$/, '')

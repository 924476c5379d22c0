// The host names that requests may use for this gateway. Without this check, a foreign page could point its own name at this machine (DNS rebinding), and its browser would take the page and the gateway for one origin.
import { BlockList, isIP, isIPv6 } from 'node:net'
import type { Config } from '../config.ts'

const hostPattern = /^(?:\[([\da-f:.]+)\]|([\w.-]+))(?::\d{1,5})?$/i
const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8)
loopback.addAddress('::1', 'ipv6')

type Names = Pick<Config, 'host' | 'allowedHosts' | 'allowedOrigins'>

/** Return a function that tells whether a `Host` header names this gateway. It ignores the port. */
export function createKnownHosts({
  host,
  allowedHosts,
  allowedOrigins,
}: Names): (header: string | undefined) => boolean {
  const originHosts = allowedOrigins.map((origin) => readName(new URL(origin).host))
  const names = new Set([...[host, ...allowedHosts].map(tidy), ...originHosts])
  // This gateway listens on every address of its machine. IP addresses are safe: a foreign page can point only a name at it.
  const hasEveryAddress = ['0.0.0.0', '::'].includes(host)
  return (header = '') => {
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

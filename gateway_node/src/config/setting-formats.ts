// The formats of settings: each has a description of what is allowed and a check of a text. No check connects to an address.
import { isIP, isIPv6 } from 'node:net'

type Format = { allowed: string; validate: (text: string) => boolean }

/** Entries of a list, separated by commas. */
export const splitList = (text: string) =>
  text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')

/** The gateway compares an allowed origin with the browser's `Origin` letter by letter: no path, trailing slash or default port, and lower case. */
function isOrigin(text: string): boolean {
  const origin = /^[a-z][a-z\d+.-]*:\/\/[^\s/?#@]+$/.test(text) && URL.canParse(text) && new URL(text).origin
  // For the scheme of an app, such as capacitor://, `URL` returns the origin 'null'. Then accept the text as it is.
  return origin === text || (origin === 'null' && !text.startsWith('file:'))
}

function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/')
  const most = isIPv6(address) ? 128 : 32
  return (
    isIP(address) !== 0 && rest.length === 0 && (bits === undefined || (/^\d+$/.test(bits) && Number(bits) <= most))
  )
}

const isPort = (text: string) => /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535
const isHostName = (text: string) => /^[a-z\d]([a-z\d._-]*[a-z\d])?\.?$/i.test(text)
const isHost = (text: string) => isIP(text) !== 0 || isHostName(text)

/** A name or an IPv4 address and a port, or an IPv6 address in brackets and a port. */
function isEndpoint(text: string): boolean {
  const [, name = '', port = ''] = /^(.+):(\d+)$/.exec(text) ?? []
  const inner = /^\[(.+)\]$/.exec(name)?.[1]
  return isPort(port) && (inner === undefined ? isHostName(name) : isIPv6(inner))
}

/** The targets that grpc-js accepts. It reads another scheme, such as http, as part of a name, which it then can't resolve. */
function isGrpcTarget(text: string): boolean {
  if (/^unix:./.test(text)) return true
  const list = /^ipv[46]:(.+)$/.exec(text)?.[1]
  if (list !== undefined) return list.split(',').every(isEndpoint)
  return isEndpoint(text.replace(/^dns:(\/\/[^/]*\/)?/, ''))
}

const isUrl = (pattern: RegExp) => (text: string) =>
  pattern.test(text) && URL.canParse(text) && new URL(text).hostname !== ''

export const formats: Record<string, Format> = {
  origins: {
    allowed:
      'a list of origins as a browser sends them, scheme://host[:port] in lower case, without a path, a trailing slash or a default port, separated by commas',
    validate: (text) => splitList(text).every(isOrigin),
  },
  networks: {
    allowed: 'a list of IP addresses or networks such as 10.0.0.0/8, separated by commas',
    validate: (text) => splitList(text).every(isNetwork),
  },
  hosts: {
    allowed: 'a list of host names or IP addresses, each without a scheme and a port, separated by commas',
    validate: (text) => splitList(text).every(isHost),
  },
  host: { allowed: 'a host name or an IP address, without a scheme and a port', validate: isHost },
  'grpc-target': {
    allowed: 'host:port, dns:///name:port, ipv4:address:port,address:port or unix:/path, without http://',
    validate: isGrpcTarget,
  },
  'amqp-url': {
    allowed: 'amqp://user:password@host:port/ or amqps://..., with / : @ encoded in the password',
    validate: isUrl(/^amqps?:\/\//),
  },
  // An attacker who can change the keys in transit can sign in as anybody.
  'keys-url': {
    allowed: 'an https:// URL, or http:// on loopback',
    validate: isUrl(/^https:\/\/|^http:\/\/(localhost|127\.0\.0\.1|\[::1\])[:/]/),
  },
}

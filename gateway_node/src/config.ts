// The only file that reads the environment: name, default and limits of every setting. Only the settings of the sign-in are required.
import { hostname } from 'node:os'
import { fileURLToPath } from 'node:url'
import { type Static, Type } from 'typebox'
import { type Environment, readEnvironment } from './config/environment.ts'
import { splitList } from './config/setting-formats.ts'

/** How long, when the gateway stops, the sockets may take to close, and then the broker. */
export const closingMs = 1000

const milliseconds = (fallback: number) => Type.Integer({ minimum: 0, maximum: 600_000, default: fallback })
const count = (fallback: number) => Type.Integer({ minimum: 1, maximum: 1_000_000_000, default: fallback })

const Variables = Type.Object({
  AMQP_URL: Type.String({ format: 'amqp-url', writeOnly: true, default: 'amqp://guest:guest@127.0.0.1:5672/' }),
  BROKER_DEFINITIONS: Type.String({
    default: fileURLToPath(new URL('../../infra/rabbitmq/definitions.json', import.meta.url)),
  }),
  BROKER_DECLARE: Type.Boolean({ default: true }),
  TLS_DIR: Type.String({ default: '' }),
  OPS_TOKEN: Type.Optional(Type.String({ minLength: 16, writeOnly: true })),
  LOG_LEVEL: Type.Enum(['debug', 'info', 'warning', 'error'], { default: 'info' }),
  GATEWAY_HOST: Type.String({ format: 'host', default: '127.0.0.1' }),
  GATEWAY_PORT: Type.Integer({ minimum: 0, maximum: 65_535, default: 3000 }),
  GATEWAY_NAME: Type.String({ default: '' }),
  GATEWAY_RECOMMENDER_ADDRESS: Type.String({ format: 'grpc-target', default: '127.0.0.1:50051' }),
  GATEWAY_RECOMMENDER_DEADLINE_MS: Type.Integer({ minimum: 1, maximum: 600_000, default: 2000 }),
  GATEWAY_CONFIRM_TIMEOUT_MS: Type.Integer({ minimum: 1, maximum: 600_000, default: 1500 }),
  GATEWAY_READ_OWN_WRITE_MS: milliseconds(250),
  GATEWAY_DRAIN_MS: milliseconds(500),
  GATEWAY_SHUTDOWN_MS: Type.Integer({ minimum: 1, maximum: 600_000, default: 8000 }),
  GATEWAY_HEADERS_MS: Type.Integer({ minimum: 1, maximum: 600_000, default: 10_000 }),
  GATEWAY_REQUEST_MS: Type.Integer({ minimum: 1, maximum: 600_000, default: 30_000 }),
  GATEWAY_STALLED_MS: Type.Integer({ minimum: 1, maximum: 600_000, default: 30_000 }),
  GATEWAY_KEEP_ALIVE_MS: Type.Integer({ minimum: 1, maximum: 600_000, default: 72_000 }),
  GATEWAY_ALLOWED_HOSTS: Type.String({ format: 'hosts', default: '' }),
  GATEWAY_ALLOWED_ORIGINS: Type.String({ format: 'origins', default: '' }),
  GATEWAY_TRUSTED_PROXIES: Type.String({ format: 'networks', default: '' }),
  GATEWAY_DEMO: Type.Boolean({ default: false }),
  GATEWAY_DEMO_KEY: Type.String({
    minLength: 1,
    default: fileURLToPath(new URL('../../.run/keys/demo.pem', import.meta.url)),
  }),
  GATEWAY_SESSION_SECONDS: Type.Integer({ minimum: 1, maximum: 86_400, default: 3600 }),
  GATEWAY_JWKS_URL: Type.Optional(Type.String({ format: 'keys-url' })),
  GATEWAY_TOKEN_ISSUER: Type.String({ default: '' }),
  GATEWAY_TOKEN_AUDIENCE: Type.String({ default: '' }),
  GATEWAY_TOKEN_ROLE_CLAIM: Type.String({ minLength: 1, default: 'role' }),
  GATEWAY_TOKEN_MAX_SECONDS: Type.Integer({ minimum: 1, maximum: 31_536_000, default: 86_400 }),
  GATEWAY_SIGN_IN_MS: Type.Integer({ minimum: 1, maximum: 600_000, default: 5000 }),
  GATEWAY_IDENTITY_REQUESTS_PER_MINUTE: count(600),
  GATEWAY_ADDRESS_REQUESTS_PER_MINUTE: count(3000),
  GATEWAY_SOCKETS_PER_IDENTITY: count(20),
  GATEWAY_SOCKET_SUBSCRIPTIONS: count(100),
  GATEWAY_SOCKET_FRAMES_PER_MINUTE: count(600),
})

type Settings = Static<typeof Variables>

export const variables = Object.keys(Variables.properties)

/** Throws one error that names every variable that can't be used, with its value and what is allowed. */
export function readConfig(environment: Environment = process.env) {
  const { settings, problems } = readEnvironment<Settings>(Variables, environment)
  // A setting that is wrong already isn't reported again for contradicting another one.
  const further = contradictions(settings).filter(({ among }) => !among.some((name) => problems.has(name)))
  const all = [...problems.values(), ...further.map(({ problem }) => problem)]
  if (all.length > 0) throw new Error(`These settings can't be used:\n${all.join('\n')}`)
  return Object.freeze({
    amqpUrl: settings.AMQP_URL,
    brokerDefinitions: settings.BROKER_DEFINITIONS,
    brokerDeclare: settings.BROKER_DECLARE,
    /** Empty if the connections between the services aren't encrypted. */
    tlsDir: settings.TLS_DIR,
    opsToken: settings.OPS_TOKEN,
    // Both languages take the same four levels. pino calls one of them `warn`.
    logLevel: settings.LOG_LEVEL === 'warning' ? 'warn' : settings.LOG_LEVEL,
    host: settings.GATEWAY_HOST,
    port: settings.GATEWAY_PORT,
    name: settings.GATEWAY_NAME || `${hostname()}:${settings.GATEWAY_PORT}`,
    recommenderAddress: settings.GATEWAY_RECOMMENDER_ADDRESS,
    recommenderDeadlineMs: settings.GATEWAY_RECOMMENDER_DEADLINE_MS,
    confirmTimeoutMs: settings.GATEWAY_CONFIRM_TIMEOUT_MS,
    readOwnWriteMs: settings.GATEWAY_READ_OWN_WRITE_MS,
    drainMs: settings.GATEWAY_DRAIN_MS,
    shutdownMs: settings.GATEWAY_SHUTDOWN_MS,
    headersMs: settings.GATEWAY_HEADERS_MS,
    requestMs: settings.GATEWAY_REQUEST_MS,
    stalledMs: settings.GATEWAY_STALLED_MS,
    keepAliveMs: settings.GATEWAY_KEEP_ALIVE_MS,
    allowedHosts: splitList(settings.GATEWAY_ALLOWED_HOSTS),
    allowedOrigins: splitList(settings.GATEWAY_ALLOWED_ORIGINS),
    trustedProxies: splitList(settings.GATEWAY_TRUSTED_PROXIES),
    identity: readIdentity(settings),
    limits: {
      identityRequestsPerMinute: settings.GATEWAY_IDENTITY_REQUESTS_PER_MINUTE,
      addressRequestsPerMinute: settings.GATEWAY_ADDRESS_REQUESTS_PER_MINUTE,
      signInMs: settings.GATEWAY_SIGN_IN_MS,
      socketsPerIdentity: settings.GATEWAY_SOCKETS_PER_IDENTITY,
      subscriptions: settings.GATEWAY_SOCKET_SUBSCRIPTIONS,
      framesPerMinute: settings.GATEWAY_SOCKET_FRAMES_PER_MINUTE,
    },
  })
}

/** Tokens come from an OpenID provider or, in the demo, from the gateway itself. */
function readIdentity(settings: Settings) {
  if (settings.GATEWAY_JWKS_URL === undefined)
    return {
      isDemo: true,
      keyFile: settings.GATEWAY_DEMO_KEY,
      sessionSeconds: settings.GATEWAY_SESSION_SECONDS,
    } as const
  return {
    isDemo: false,
    jwksUrl: new URL(settings.GATEWAY_JWKS_URL),
    issuer: settings.GATEWAY_TOKEN_ISSUER,
    audience: settings.GATEWAY_TOKEN_AUDIENCE,
    roleClaim: settings.GATEWAY_TOKEN_ROLE_CLAIM,
    maxSeconds: settings.GATEWAY_TOKEN_MAX_SECONDS,
  } as const
}

type Contradiction = { among: (keyof Settings)[]; problem: string }

/** Return the problems of settings that are usable one by one, but not together. */
function contradictions(settings: Settings): Contradiction[] {
  return [...signInMissing(settings), ...budgetsNotNested(settings), ...tlsNotToTheBroker(settings)]
}

/** Require one way to sign in, so that a forgotten setting lets nobody in. */
function* signInMissing(settings: Settings): Generator<Contradiction> {
  const { GATEWAY_DEMO: isDemo, GATEWAY_JWKS_URL: jwksUrl } = settings
  if (isDemo === (jwksUrl !== undefined))
    yield {
      among: ['GATEWAY_DEMO', 'GATEWAY_JWKS_URL'],
      problem:
        'Say who may sign in: set either GATEWAY_JWKS_URL to the keys of your OpenID provider, or GATEWAY_DEMO=true for a demo where anybody may be anybody.',
    }
  else if (!isDemo && (settings.GATEWAY_TOKEN_ISSUER === '' || settings.GATEWAY_TOKEN_AUDIENCE === ''))
    yield {
      among: ['GATEWAY_JWKS_URL'],
      problem:
        'GATEWAY_JWKS_URL needs GATEWAY_TOKEN_ISSUER and GATEWAY_TOKEN_AUDIENCE: tokens of other applications have valid signatures, too.',
    }
}

/**
 * A stop drains, closes the sockets, answers the open requests, flushes the publications and closes the broker. GATEWAY_SHUTDOWN_MS must be longer
 * than all of this, because it ends the process.
 */
function* budgetsNotNested(settings: Settings): Generator<Contradiction> {
  const inside = ['GATEWAY_DRAIN_MS', 'GATEWAY_RECOMMENDER_DEADLINE_MS', 'GATEWAY_CONFIRM_TIMEOUT_MS'] as const
  const neededMs = inside.reduce((sum, name) => sum + settings[name], 2 * closingMs)
  if (neededMs >= settings.GATEWAY_SHUTDOWN_MS)
    yield {
      among: ['GATEWAY_SHUTDOWN_MS', ...inside],
      problem: `GATEWAY_SHUTDOWN_MS is ${settings.GATEWAY_SHUTDOWN_MS}: it must be above ${neededMs}, the sum of ${inside.join(', ')} and ${2 * closingMs} for closing.`,
    }
}

/** TLS_DIR asks for encryption. With amqp:// instead of amqps:// the password would be sent unencrypted. */
function* tlsNotToTheBroker({ TLS_DIR: tlsDir, AMQP_URL: amqpUrl }: Settings): Generator<Contradiction> {
  if (tlsDir !== '' && !amqpUrl.startsWith('amqps:'))
    yield { among: ['AMQP_URL'], problem: 'TLS_DIR needs an AMQP_URL that begins with amqps://.' }
}

export type Config = ReturnType<typeof readConfig>

/** The configuration as it may be logged. */
export function withoutSecrets(config: Config): Config {
  const url = new URL(config.amqpUrl)
  if (url.password) url.password = '***'
  return { ...config, amqpUrl: url.href, opsToken: config.opsToken && '***' }
}

// The only file that reads the environment: names, defaults and bounds of every setting. Required: none.
import { hostname } from 'node:os'
import { fileURLToPath } from 'node:url'
import { envSchema } from 'env-schema'
import { type Static, Type } from 'typebox'

/** How long the sockets, and then the broker, may take to answer their closing when the gateway stops. */
export const closingMs = 1000

const milliseconds = (fallback: number) => Type.Integer({ minimum: 0, maximum: 600_000, default: fallback })

const Environment = Type.Object({
  AMQP_URL: Type.String({ pattern: '^amqps?://', default: 'amqp://guest:guest@127.0.0.1:5672/' }),
  BROKER_DEFINITIONS: Type.String({
    default: fileURLToPath(new URL('../../infra/rabbitmq/definitions.json', import.meta.url)),
  }),
  LOG_LEVEL: Type.Enum(['debug', 'info', 'warning', 'error'], { default: 'info' }),
  GATEWAY_HOST: Type.String({ minLength: 1, default: '127.0.0.1' }),
  GATEWAY_PORT: Type.Integer({ minimum: 0, maximum: 65_535, default: 3000 }),
  GATEWAY_NAME: Type.String({ default: '' }),
  GATEWAY_RECOMMENDER_ADDRESS: Type.String({ minLength: 1, default: '127.0.0.1:50051' }),
  GATEWAY_RECOMMENDER_DEADLINE_MS: Type.Integer({ minimum: 1, maximum: 600_000, default: 2000 }),
  GATEWAY_CONFIRM_TIMEOUT_MS: Type.Integer({ minimum: 1, maximum: 600_000, default: 1500 }),
  GATEWAY_READ_OWN_WRITE_MS: milliseconds(250),
  GATEWAY_DRAIN_MS: milliseconds(500),
  GATEWAY_SHUTDOWN_MS: Type.Integer({ minimum: 1, maximum: 600_000, default: 8000 }),
  GATEWAY_HEADERS_MS: Type.Integer({ minimum: 1, maximum: 600_000, default: 10_000 }),
  GATEWAY_REQUEST_MS: Type.Integer({ minimum: 1, maximum: 600_000, default: 30_000 }),
  GATEWAY_STALLED_MS: Type.Integer({ minimum: 1, maximum: 600_000, default: 30_000 }),
  GATEWAY_KEEP_ALIVE_MS: Type.Integer({ minimum: 1, maximum: 600_000, default: 72_000 }),
  GATEWAY_ALLOWED_ORIGINS: Type.String({ default: '' }),
})

export const variables = Object.keys(Environment.properties)

/** Throws one error that names every variable that can't be used. */
export function readConfig(environment: Record<string, string | undefined> = process.env) {
  const settings = envSchema<Static<typeof Environment>>({ schema: Environment, data: environment, env: false })
  requireNestedBudgets(settings)
  return Object.freeze({
    amqpUrl: settings.AMQP_URL,
    brokerDefinitions: settings.BROKER_DEFINITIONS,
    // Both halves take the same four levels; pino has another word for one of them.
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
    allowedOrigins: settings.GATEWAY_ALLOWED_ORIGINS.split(',').filter((origin) => origin !== ''),
  })
}

/** A stop drains, closes the sockets, answers what was asked, flushes what was published, closes the broker. Its bound must hold all of it, or it cuts off. */
function requireNestedBudgets(settings: Static<typeof Environment>) {
  const inside = ['GATEWAY_DRAIN_MS', 'GATEWAY_RECOMMENDER_DEADLINE_MS', 'GATEWAY_CONFIRM_TIMEOUT_MS'] as const
  const neededMs = inside.reduce((sum, name) => sum + settings[name], 2 * closingMs)
  if (neededMs >= settings.GATEWAY_SHUTDOWN_MS)
    throw new Error(
      `env/GATEWAY_SHUTDOWN_MS must be above ${neededMs}, the sum of ${inside.join(', ')} and ${2 * closingMs} for closing`,
    )
}

export type Config = ReturnType<typeof readConfig>

/** The configuration as it may be logged. */
export function withoutSecrets(config: Config): Config {
  const url = new URL(config.amqpUrl)
  if (url.password) url.password = '***'
  return { ...config, amqpUrl: url.href }
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readConfig, withoutSecrets } from '../src/config.ts'
import { demo } from './sign-in.ts'

test('an environment that says who may sign in gives the defaults', () => {
  const config = readConfig(demo)

  assert.equal(config.port, 3000)
  assert.equal(config.recommenderAddress, '127.0.0.1:50051')
  assert.deepEqual(config.allowedOrigins, [])
  assert.match(config.name, /:3000$/)
})

test('texts become what the settings are', () => {
  const config = readConfig({
    ...demo,
    GATEWAY_PORT: '8080',
    GATEWAY_ALLOWED_ORIGINS: 'https://a.example,https://b.example',
  })

  assert.equal(config.port, 8080)
  assert.deepEqual(config.allowedOrigins, ['https://a.example', 'https://b.example'])
})

test('all problems are told at once', () => {
  const environment = { GATEWAY_PORT: 'x', AMQP_URL: 'http://broker', GATEWAY_CONFIRM_TIMEOUT_MS: '0' }

  assert.throws(
    () => readConfig(environment),
    ({ message }: Error) => Object.keys(environment).every((name) => message.includes(name)),
  )
})

test('a stop has time for all that it must finish', () => {
  const environment = { ...demo, GATEWAY_DRAIN_MS: '5000', GATEWAY_SHUTDOWN_MS: '8000' }

  assert.throws(() => readConfig(environment), /GATEWAY_SHUTDOWN_MS must be above 10500/)
})

test('certificates without encryption to the broker are refused', () => {
  const environment = { ...demo, TLS_DIR: '/run/tls' }

  assert.throws(() => readConfig({ ...environment, AMQP_URL: 'amqp://broker/' }), /TLS_DIR needs .* amqps:/)
  assert.equal(readConfig({ ...environment, AMQP_URL: 'amqps://broker/' }).tlsDir, '/run/tls')
})

test('what may be logged holds no password', () => {
  const config = readConfig({ ...demo, AMQP_URL: 'amqp://user:secret@broker:5672/' })

  assert.equal(withoutSecrets(config).amqpUrl, 'amqp://user:***@broker:5672/')
})

const provider = {
  GATEWAY_JWKS_URL: 'https://id.example/keys',
  GATEWAY_TOKEN_ISSUER: 'https://id.example/',
  GATEWAY_TOKEN_AUDIENCE: 'gateway',
}

test('an OpenID provider is enough', () => {
  const { identity } = readConfig(provider)

  assert.equal(identity.isDemo, false)
})

const refusals: [string, Record<string, string>, RegExp][] = [
  ['nobody is said to sign in', {}, /say who may sign in/],
  ['both are said', { ...provider, GATEWAY_DEMO: 'true' }, /say who may sign in/],
  ['an issuer is missing', { ...provider, GATEWAY_TOKEN_ISSUER: '' }, /GATEWAY_TOKEN_ISSUER/],
  ['an audience is missing', { ...provider, GATEWAY_TOKEN_AUDIENCE: '' }, /GATEWAY_TOKEN_AUDIENCE/],
  ['keys would come unprotected', { ...provider, GATEWAY_JWKS_URL: 'http://id.example/keys' }, /GATEWAY_JWKS_URL/],
]
for (const [what, environment, message] of refusals) {
  test(`a configuration is refused where ${what}`, () => {
    assert.throws(() => readConfig(environment), message)
  })
}

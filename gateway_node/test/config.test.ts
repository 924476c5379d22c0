import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readConfig, withoutSecrets } from '../src/config.ts'
import { demo } from './sign-in.ts'

/** Return the error of an unusable environment. */
function failure(environment: Record<string, string>): Error {
  try {
    readConfig(environment)
  } catch (error) {
    return error as Error
  }
  throw new Error('It was accepted.')
}

test('an environment with only the sign-in settings gives the defaults', () => {
  const config = readConfig(demo)

  assert.equal(config.port, 3000)
  assert.equal(config.recommenderAddress, '127.0.0.1:50051')
  assert.deepEqual(config.allowedOrigins, [])
  assert.match(config.name, /:3000$/)
})

test('texts are converted to the types of the settings', () => {
  const config = readConfig({
    ...demo,
    GATEWAY_PORT: '8080',
    GATEWAY_ALLOWED_ORIGINS: 'https://a.example,https://b.example',
  })

  assert.equal(config.port, 8080)
  assert.deepEqual(config.allowedOrigins, ['https://a.example', 'https://b.example'])
})

test('all problems are reported together, including settings that contradict each other', () => {
  const wrong = { GATEWAY_PORT: 'x', AMQP_URL: 'http://broker', GATEWAY_CONFIRM_TIMEOUT_MS: '0', LOG_LEVEL: 'loud' }
  const { message } = failure({ ...wrong })

  for (const name of [...Object.keys(wrong), 'GATEWAY_JWKS_URL']) assert.match(message, new RegExp(name))
  assert.match(message, /GATEWAY_PORT is "x": set it to an integer from 0 to 65535\./)
  assert.match(message, /LOG_LEVEL is "loud": set it to one of debug, info, warning, error\./)
})

test('an unusable value is not reported again by the settings that depend on it', () => {
  assert.doesNotMatch(failure({ GATEWAY_JWKS_URL: 'id.example/keys' }).message, /Say who may sign in/)
})

test('an error shows no secret', () => {
  const { message } = failure({ ...demo, AMQP_URL: 'http://user:secret@broker/' })

  assert.match(message, /AMQP_URL is not usable .*: set it to amqp:/)
  assert.doesNotMatch(message, /secret/)
})

test('spaces, the case of keywords and empty values make no difference', () => {
  const config = readConfig({
    GATEWAY_DEMO: ' True',
    GATEWAY_DEMO_KEY: demo.GATEWAY_DEMO_KEY,
    LOG_LEVEL: 'INFO',
    BROKER_DECLARE: 'off',
    GATEWAY_PORT: ' 8080\r',
    GATEWAY_JWKS_URL: '',
    GATEWAY_ALLOWED_ORIGINS: ' https://a.example , http://localhost:5173,',
    GATEWAY_TRUSTED_PROXIES: '10.0.0.0/8, 127.0.0.1, ::1, fd00::/8',
    GATEWAY_RECOMMENDER_DEADLINE_MS: '',
  })

  assert.deepEqual(config.allowedOrigins, ['https://a.example', 'http://localhost:5173'])
  assert.deepEqual(config.trustedProxies, ['10.0.0.0/8', '127.0.0.1', '::1', 'fd00::/8'])
  assert.deepEqual([config.logLevel, config.port, config.recommenderDeadlineMs], ['info', 8080, 2000])
  assert.deepEqual([config.identity.isDemo, config.brokerDeclare], [true, false])
})

const usable: Record<string, string[]> = {
  GATEWAY_ALLOWED_ORIGINS: ['http://127.0.0.1:8080', 'https://[::1]:8443', 'capacitor://localhost'],
  GATEWAY_ALLOWED_HOSTS: ['api.example', 'gateway, 10.0.0.7,::1'],
  GATEWAY_TRUSTED_PROXIES: ['0.0.0.0/0', '10.1.2.3/32', '::/0'],
  GATEWAY_HOST: ['0.0.0.0', '::', '::1', 'localhost', 'gateway.internal'],
  GATEWAY_RECOMMENDER_ADDRESS: [
    'localhost:50051',
    '[::1]:50051',
    'dns:recommender:50051',
    'dns:///recommender.svc:50051',
    'dns://8.8.8.8/recommender:50051',
    'ipv4:127.0.0.1:50051,127.0.0.2:50051',
    'ipv6:[::1]:50051',
    'unix:/run/recommender.sock',
  ],
  AMQP_URL: ['amqp://broker', 'amqps://user:pass%2Fword@broker:5671/vhost'],
}
for (const [name, values] of Object.entries(usable))
  test(`every form of ${name} is accepted`, () => {
    for (const value of values) assert.ok(readConfig({ ...demo, [name]: value }), value)
  })

const impossible: Record<string, string[]> = {
  GATEWAY_ALLOWED_ORIGINS: [
    'https://a.example/',
    'https://a.example/page',
    'a.example',
    'https://A.example',
    'https://a.example:443',
    '*',
    'null',
    'https://ok.example, https://user@b.example',
  ],
  GATEWAY_TRUSTED_PROXIES: [
    'proxy.internal',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0',
    '10.0.0.0/8/8',
    '127.0.0.1:80',
    'fd00::/129',
  ],
  GATEWAY_ALLOWED_HOSTS: ['https://api.example', 'api.example:443', '*', '*.example', 'ok.example, a/b'],
  GATEWAY_HOST: ['http://localhost', 'localhost:3000', '/'],
  GATEWAY_PORT: ['65536', '-1', '3000.5', '3e3x'],
  GATEWAY_RECOMMENDER_ADDRESS: [
    'http://recommender:50051',
    'recommender',
    'recommender:0',
    'recommender:70000',
    'dns:///recommender',
    'dns://recommender:50051',
    'ipv4:127.0.0.1',
    'recommender:50051/',
    '::1:50051',
  ],
  GATEWAY_JWKS_URL: ['https://', 'id.example/keys', 'ftp://id.example/keys'],
  GATEWAY_DEMO: ['maybe'],
}
for (const [name, values] of Object.entries(impossible))
  test(`unusable values of ${name} are refused at the start, with the value and what is allowed`, () => {
    for (const value of values) {
      const { message } = failure({ ...demo, [name]: value })
      assert.ok(message.includes(`${name} is ${JSON.stringify(value)}: set it to `), `${value}: ${message}`)
    }
  })

test('the time of a stop must be longer than the sum of its parts', () => {
  const environment = { ...demo, GATEWAY_DRAIN_MS: '5000', GATEWAY_SHUTDOWN_MS: '8000' }

  assert.throws(() => readConfig(environment), /GATEWAY_SHUTDOWN_MS is 8000: it must be above 10500/)
})

test('certificates without encryption to the broker are refused', () => {
  const environment = { ...demo, TLS_DIR: '/run/tls' }

  assert.throws(() => readConfig({ ...environment, AMQP_URL: 'amqp://broker/' }), /TLS_DIR needs .* amqps:/)
  assert.equal(readConfig({ ...environment, AMQP_URL: 'amqps://broker/' }).tlsDir, '/run/tls')
})

test('the logged configuration contains no password', () => {
  const config = readConfig({ ...demo, AMQP_URL: 'amqp://user:secret@broker:5672/' })

  assert.equal(withoutSecrets(config).amqpUrl, 'amqp://user:***@broker:5672/')
})

const provider = {
  GATEWAY_JWKS_URL: 'https://id.example/keys',
  GATEWAY_TOKEN_ISSUER: 'https://id.example/',
  GATEWAY_TOKEN_AUDIENCE: 'gateway',
}

test('the settings of an OpenID provider are sufficient', () => {
  const { identity } = readConfig(provider)

  assert.equal(identity.isDemo, false)
})

const refusals: [string, Record<string, string>, RegExp][] = [
  ['no way to sign in is set', {}, /Say who may sign in/],
  ['both ways to sign in are set', { ...provider, GATEWAY_DEMO: 'true' }, /Say who may sign in/],
  ['an issuer is missing', { ...provider, GATEWAY_TOKEN_ISSUER: '' }, /GATEWAY_TOKEN_ISSUER/],
  ['an audience is missing', { ...provider, GATEWAY_TOKEN_AUDIENCE: '' }, /GATEWAY_TOKEN_AUDIENCE/],
  [
    'keys would be fetched without TLS',
    { ...provider, GATEWAY_JWKS_URL: 'http://id.example/keys' },
    /GATEWAY_JWKS_URL/,
  ],
]
for (const [what, environment, message] of refusals) {
  test(`a configuration is refused where ${what}`, () => {
    assert.throws(() => readConfig(environment), message)
  })
}

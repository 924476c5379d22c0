import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readConfig, withoutSecrets } from '../src/config.ts'

test('an empty environment gives the defaults', () => {
  const config = readConfig({})

  assert.equal(config.port, 3000)
  assert.equal(config.recommenderAddress, '127.0.0.1:50051')
  assert.deepEqual(config.allowedOrigins, [])
  assert.match(config.name, /:3000$/)
})

test('texts become what the settings are', () => {
  const config = readConfig({
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
  const environment = { GATEWAY_DRAIN_MS: '5000', GATEWAY_SHUTDOWN_MS: '8000' }

  assert.throws(() => readConfig(environment), /GATEWAY_SHUTDOWN_MS must be above 10500/)
})

test('what may be logged holds no password', () => {
  const config = readConfig({ AMQP_URL: 'amqp://user:secret@broker:5672/' })

  assert.equal(withoutSecrets(config).amqpUrl, 'amqp://user:***@broker:5672/')
})

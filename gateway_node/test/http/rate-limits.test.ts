import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { buildTestApp } from '../build-app.ts'
import { tokenOf } from '../sign-in.ts'

const item = '/v1/items/1'

async function open(t: TestContext, environment: Record<string, string>) {
  const { app } = await buildTestApp(t, environment)
  const askFrom = async (remoteAddress: string, userId: string, headers: Record<string, string> = {}) => {
    const authorization = `Bearer ${await tokenOf(app, userId)}`
    return app.inject({ url: item, remoteAddress, headers: { authorization, ...headers } })
  }
  return { app, askFrom }
}

test("an identity above its limit of requests gets 429, and another identity doesn't", async (t) => {
  const { askFrom } = await open(t, { GATEWAY_IDENTITY_REQUESTS_PER_MINUTE: '2' })
  const first = [await askFrom('10.0.0.1', '1'), await askFrom('10.0.0.2', '1')]

  const third = await askFrom('10.0.0.3', '1')
  const other = await askFrom('10.0.0.1', '2')

  assert.deepEqual(
    [...first, third, other].map(({ statusCode }) => statusCode),
    [200, 200, 429, 200],
  )
  assert.equal(third.json().reason, 'RATE_EXCEEDED')
  const seconds = Number(third.headers['retry-after'])
  assert.ok(seconds > 50 && seconds <= 60)
})

test('the identity is answered again after a minute', async (t) => {
  const { askFrom } = await open(t, { GATEWAY_IDENTITY_REQUESTS_PER_MINUTE: '1' })
  await askFrom('10.0.0.1', '1')
  const refused = await askFrom('10.0.0.1', '1')
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 60_001 })

  const again = await askFrom('10.0.0.1', '1')

  assert.deepEqual([refused.statusCode, again.statusCode], [429, 200])
})

test('the requests of an address are limited, whatever their identities are', async (t) => {
  const { app, askFrom } = await open(t, { GATEWAY_ADDRESS_REQUESTS_PER_MINUTE: '2' })
  await app.inject({ url: item, remoteAddress: '10.0.0.1' })
  await askFrom('10.0.0.1', '1')

  const third = await askFrom('10.0.0.1', '2')
  const other = await askFrom('10.0.0.2', '2')

  assert.deepEqual([third.statusCode, other.statusCode], [429, 200])
})

test('addresses of one IPv6 network count as one', async (t) => {
  const { askFrom } = await open(t, { GATEWAY_ADDRESS_REQUESTS_PER_MINUTE: '1' })
  await askFrom('2001:db8::1', '1')

  assert.equal((await askFrom('2001:db8::2', '2')).statusCode, 429)
})

for (const [trusted, status] of [
  ['', 429],
  ['10.0.0.1', 200],
] as const) {
  test(`with the trusted proxies "${trusted}", X-Forwarded-For of another proxy is ignored`, async (t) => {
    const limits = { GATEWAY_ADDRESS_REQUESTS_PER_MINUTE: '1', GATEWAY_TRUSTED_PROXIES: trusted }
    const { askFrom } = await open(t, limits)
    await askFrom('10.0.0.1', '1', { 'x-forwarded-for': '192.0.2.1' })

    const second = await askFrom('10.0.0.1', '2', { 'x-forwarded-for': '192.0.2.2' })

    assert.equal(second.statusCode, status)
  })
}

for (const url of ['/', '/app.js', '/docs', '/docs/json', '/openapi.json', '/metrics', '/v1/users', '/nothing'])
  test(`a request without a sign-in counts for its address: ${url}`, async (t) => {
    const { app } = await open(t, { GATEWAY_ADDRESS_REQUESTS_PER_MINUTE: '1' })
    await app.inject('/v1/users')

    const { statusCode, ...second } = await app.inject(url)

    assert.deepEqual([statusCode, second.json().reason], [429, 'RATE_EXCEEDED'])
  })

test('a probe is never refused', async (t) => {
  const { app } = await open(t, { GATEWAY_ADDRESS_REQUESTS_PER_MINUTE: '1' })
  await app.inject('/v1/users')

  for (const url of ['/healthz', '/readyz', '/healthz']) assert.equal((await app.inject(url)).statusCode, 200, url)
})

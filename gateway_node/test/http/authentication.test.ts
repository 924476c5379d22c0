import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fastify from 'fastify'
import type { JWTPayload } from 'jose'
import { readConfig } from '../../src/config.ts'
import { authPlugin } from '../../src/http/authentication.ts'
import { problemPlugin } from '../../src/http/problem.ts'
import { buildTestApp } from '../build-app.ts'
import { audience, IdentityProvider, issuer } from '../clients/identity-provider/identity-provider.ts'
import { demo, tokenOf } from '../sign-in.ts'

const item = '/v1/items/1'

async function askWith(t: TestContext, authorization: (token: string) => string | undefined, url = item) {
  const { app } = await buildTestApp(t)
  const value = authorization(await tokenOf(app))
  const { statusCode, headers, body } = await app.inject({
    url,
    headers: value === undefined ? {} : { authorization: value },
  })
  return { status: statusCode, challenge: headers['www-authenticate'], reason: JSON.parse(body).reason }
}

const unauthenticated = { status: 401, challenge: 'Bearer', reason: 'TOKEN_INVALID' }
const refusals: [string, (token: string) => string | undefined][] = [
  ['no header', () => undefined],
  ['an empty header', () => ''],
  ['a token without a scheme', (token) => token],
  ['another scheme', (token) => `Basic ${token}`],
  ['two tokens', (token) => `Bearer ${token}, Bearer ${token}`],
  ['no token', () => 'Bearer '],
  ['a token that is none', () => 'Bearer a.b.c'],
]
for (const [what, authorization] of refusals) {
  test(`${what} is answered with 401 and a header that says how to sign in`, async (t) => {
    assert.deepEqual(await askWith(t, authorization), unauthenticated)
  })
}

test('a token in the query is not accepted', async (t) => {
  const { app } = await buildTestApp(t)
  const token = await tokenOf(app)

  const answer = await app.inject({ url: item, query: { access_token: token, token } })

  assert.equal(answer.statusCode, 401)
})

test('a token is accepted whatever the case of its scheme', async (t) => {
  assert.equal((await askWith(t, (token) => `bearer ${token}`)).status, 200)
})

test('an unknown path is 404, not 401', async (t) => {
  assert.equal((await askWith(t, () => undefined, '/v1/nothing')).status, 404)
})

test('an expired token is refused, even if it was accepted before', async (t) => {
  const { app, gateway } = await buildTestApp(t, { GATEWAY_SESSION_SECONDS: '60' })
  const authorization = `Bearer ${await tokenOf(app)}`
  const before = await gateway.get(item, { authorization })
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 61_000 })

  const after = await gateway.get(item, { authorization })

  assert.deepEqual([before.status, after.status], [200, 401])
})

async function openWithProvider(t: TestContext) {
  const provider = await IdentityProvider.start(t)
  const { app, gateway } = await buildTestApp(t, {
    GATEWAY_DEMO: 'false',
    GATEWAY_JWKS_URL: provider.url.href,
    GATEWAY_TOKEN_ISSUER: issuer,
    GATEWAY_TOKEN_AUDIENCE: audience,
  })
  const ask = async (claims: JWTPayload, url: string) =>
    gateway.get(url, { authorization: `Bearer ${await provider.sign(claims)}` })
  return { app, ask, provider }
}

test("a provider's token is a viewer's, or the operator's if it has that role", async (t) => {
  const { ask } = await openWithProvider(t)

  const own = await ask({ sub: '1' }, '/v1/users/1/recommendations')
  const others = await ask({ sub: '1' }, '/v1/users/2/recommendations')
  const jobs = await ask({ sub: 'ada', role: 'operator' }, '/v1/jobs')

  assert.deepEqual([own.status, others.status, jobs.status], [200, 403, 200])
})

test("a viewer is refused at an operator's route, whether the token is new or known", async (t) => {
  const { app } = await buildTestApp(t)
  const headers = { authorization: `Bearer ${await tokenOf(app, '1')}` }

  const answers = [await app.inject({ url: '/v1/jobs', headers }), await app.inject({ url: '/v1/jobs', headers })]

  assert.deepEqual(
    answers.map(({ statusCode }) => statusCode),
    [403, 403],
  )
})

test('while the provider is down, the answer is 503 and not 401', async (t) => {
  const { ask, provider } = await openWithProvider(t)
  provider.isDown = true

  const { status, headers, body } = await ask({}, item)

  assert.deepEqual([status, headers['retry-after'], body.reason], [503, '1', 'IDENTITY_PROVIDER_UNAVAILABLE'])
})

test('a gateway without the demo opens no sessions, and lists users only for the operator', async (t) => {
  const { app } = await openWithProvider(t)

  const session = await app.inject({ method: 'POST', url: '/v1/sessions', payload: { role: 'operator' } })
  const users = await app.inject('/v1/users')

  assert.deepEqual([session.statusCode, users.statusCode], [404, 401])
})

test("the gateway doesn't start with a route that doesn't say who may use it", async (t) => {
  const app = fastify()
  t.after(() => app.close())
  app.decorate('config', readConfig(demo))
  await app.register(problemPlugin)
  await app.register(authPlugin)
  app.get('/v1/forgotten', async () => ({}))

  await assert.rejects(async () => app.ready(), /GET \/v1\/forgotten/)
})

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { exportSPKI, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose'
import { createProviderVerify } from '../../../src/clients/identity-provider/provider-tokens.ts'
import { audience, IdentityProvider, issuer } from './identity-provider.ts'

const refused = { reason: 'TOKEN_INVALID' }

async function open(t: TestContext) {
  const provider = await IdentityProvider.start(t)
  const verify = createProviderVerify({ jwksUrl: provider.url, issuer, audience, roleClaim: 'roles', maxSeconds: 3600 })
  return { provider, verify: async (token: string) => verify(token) }
}

const now = () => Math.floor(Date.now() / 1000)

test('a valid token gives its identity', async (t) => {
  const { provider, verify } = await open(t)

  const viewer = await verify(await provider.sign({ sub: '196', exp: now() + 60 }))

  assert.deepEqual([viewer.role, viewer.subject], ['viewer', '196'])
  assert.ok(viewer.expiresAt > Date.now() + 50_000)
})

for (const roles of ['operator', ['editor', 'operator']]) {
  test(`a token with the role ${JSON.stringify(roles)} is the operator's`, async (t) => {
    const { provider, verify } = await open(t)

    assert.equal((await verify(await provider.sign({ roles }))).role, 'operator')
  })
}

const badClaims: [string, () => JWTPayload][] = [
  ['has expired', () => ({ exp: now() - 10 })],
  ['is valid for longer than the maximum', () => ({ exp: now() + 3700 })],
  ['is valid for ever', () => ({ exp: 1e300 })],
  ['never expires', () => ({ exp: undefined })],
  ['is not valid yet', () => ({ nbf: now() + 60 })],
  ['is of another issuer', () => ({ iss: 'https://evil.example/' })],
  ['names no issuer', () => ({ iss: undefined })],
  ['is for another audience', () => ({ aud: 'another' })],
  ['is for nobody', () => ({ aud: undefined })],
  ['is of nobody', () => ({ sub: undefined })],
  ['is of somebody with a control character', () => ({ sub: 'a\u0000' })],
]
for (const [what, claims] of badClaims) {
  test(`a token that ${what} is refused`, async (t) => {
    const { provider, verify } = await open(t)

    await assert.rejects(verify(await provider.sign(claims())), refused)
  })
}

test('a token without a signature is refused', async (t) => {
  const { verify } = await open(t)
  const token = new UnsecuredJWT({ sub: '196' })
    .setIssuer(issuer)
    .setAudience(audience)
    .setExpirationTime('1m')
    .encode()

  await assert.rejects(verify(token), refused)
})

test('a token signed with the public key as a shared secret is refused', async (t) => {
  const { provider, verify } = await open(t)
  const secret = Buffer.from(await exportSPKI(provider.publicKey()))
  const claims = { iss: issuer, aud: audience, sub: '196', exp: now() + 60 }
  const token = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: 'first' }).sign(secret)

  await assert.rejects(verify(token), refused)
})

test('a token that contains its own key is refused', async (t) => {
  const { verify } = await open(t)
  const stranger = await IdentityProvider.start(t)
  const jwk = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' }

  await assert.rejects(verify(await stranger.sign({}, { jwk })), refused)
})

test('a token whose claims were changed is refused', async (t) => {
  const { provider, verify } = await open(t)
  const [header, , signature] = (await provider.sign()).split('.')
  const claims = Buffer.from(JSON.stringify({ iss: issuer, aud: audience, sub: '1', exp: now() + 60 }))

  await assert.rejects(verify(`${header}.${claims.toString('base64url')}.${signature}`), refused)
})

test("a text that isn't a token is refused", async (t) => {
  const { verify } = await open(t)

  await assert.rejects(verify('a.b.c'), refused)
})

test('a token is verified once, and again when it has expired', async (t) => {
  const { provider, verify } = await open(t)
  const token = await provider.sign()
  const first = await verify(token)

  const again = await verify(token)
  t.mock.timers.enable({ apis: ['Date'], now: first.expiresAt + 10_000 })

  assert.equal(again, first)
  await assert.rejects(verify(token), refused)
})

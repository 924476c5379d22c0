import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { createProviderKeys, type ProviderKeysOptions } from '../../src/identity/provider-keys.ts'
import { createVerify } from '../../src/identity/verifier.ts'
import { audience, IdentityProvider, issuer } from './identity-provider.ts'

const unavailable = { reason: 'IDENTITY_PROVIDER_UNAVAILABLE' }
const refused = { reason: 'TOKEN_INVALID' }

async function open(t: TestContext, options: ProviderKeysOptions = {}) {
  const provider = await IdentityProvider.start(t)
  const rules = { issuer, audience, algorithms: ['ES256'], roleClaim: 'role', clockToleranceSeconds: 0 }
  const verify = createVerify(createProviderKeys(provider.url, options), rules)
  return { provider, verify: async (token: string) => verify(token) }
}

test('keys are fetched once for many tokens', async (t) => {
  const { provider, verify } = await open(t)
  const tokens = await Promise.all(['1', '2', '3'].map((sub) => provider.sign({ sub })))

  await Promise.all(tokens.map(verify))

  assert.equal(provider.fetches, 1)
})

test('a key that is new is fetched when a token names it', async (t) => {
  const { provider, verify } = await open(t, { cooldownMs: 0 })
  await verify(await provider.sign())
  await provider.addKey('second')

  const identity = await verify(await provider.sign({ sub: '7' }, { kid: 'second' }))

  assert.equal(identity.subject, '7')
})

test('a key that was withdrawn is refused once the keys are old', async (t) => {
  const { provider, verify } = await open(t, { freshMs: 0, cooldownMs: 0 })
  await verify(await provider.sign())
  const token = await provider.sign({ sub: '7' })
  provider.dropKey('first')
  await provider.addKey('second')

  await assert.rejects(verify(token), refused)
})

test('tokens that name unknown keys make no storm of fetches', async (t) => {
  const { provider, verify } = await open(t)
  const stranger = await IdentityProvider.start(t)
  await stranger.addKey('unknown')
  await verify(await provider.sign())

  for (const sub of ['1', '2', '3'])
    await assert.rejects(verify(await stranger.sign({ sub }, { kid: 'unknown' })), refused)

  assert.equal(provider.fetches, 1)
})

test('without the provider a token can not be checked, which is not its fault', async (t) => {
  const { provider, verify } = await open(t)
  provider.isDown = true

  await assert.rejects(verify(await provider.sign()), unavailable)
  await assert.rejects(verify(await provider.sign({ sub: '7' })), unavailable)

  assert.equal(provider.fetches, 1)
})

test('while the provider is down, keys that are known go on, and unknown ones can not be checked', async (t) => {
  const { provider, verify } = await open(t, { freshMs: 0, cooldownMs: 0 })
  await verify(await provider.sign())
  await provider.addKey('second')
  provider.isDown = true

  const known = await verify(await provider.sign({ sub: '7' }))

  assert.equal(known.subject, '7')
  await assert.rejects(verify(await provider.sign({ sub: '8' }, { kid: 'second' })), unavailable)
})

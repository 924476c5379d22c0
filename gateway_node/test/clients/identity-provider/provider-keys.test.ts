import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { createProviderKeys, type ProviderKeysOptions } from '../../../src/clients/identity-provider/provider-keys.ts'
import { createVerify } from '../../../src/clients/identity-provider/verifier.ts'
import { audience, IdentityProvider, issuer } from './identity-provider.ts'

const unavailable = { reason: 'IDENTITY_PROVIDER_UNAVAILABLE' }
const refused = { reason: 'TOKEN_INVALID' }

async function open(t: TestContext, options: ProviderKeysOptions = {}) {
  const provider = await IdentityProvider.start(t)
  const rules = {
    issuer,
    audience,
    algorithms: ['ES256'],
    roleClaim: 'role',
    clockToleranceSeconds: 0,
    maxSeconds: 86_400,
  }
  const verify = createVerify(createProviderKeys(provider.url, options), rules)
  return { provider, verify: async (token: string) => verify(token) }
}

test('keys are fetched once for many tokens', async (t) => {
  const { provider, verify } = await open(t)
  const tokens = await Promise.all(['1', '2', '3'].map((sub) => provider.sign({ sub })))

  await Promise.all(tokens.map(verify))

  assert.equal(provider.fetches, 1)
})

test('a new key is fetched when a token names it', async (t) => {
  const { provider, verify } = await open(t, { cooldownMs: 0 })
  await verify(await provider.sign())
  await provider.addKey('second')

  const identity = await verify(await provider.sign({ sub: '7' }, { kid: 'second' }))

  assert.equal(identity.subject, '7')
})

test('a withdrawn key is refused when the keys are old', async (t) => {
  const { provider, verify } = await open(t, { freshMs: 0, cooldownMs: 0 })
  await verify(await provider.sign())
  const token = await provider.sign({ sub: '7' })
  provider.dropKey('first')
  await provider.addKey('second')

  await assert.rejects(verify(token), refused)
})

for (const [what, freshMs] of [
  ['when the keys are old', 0],
  ['after the keys were fetched again', 600_000],
] as const) {
  test(`a token that was valid is refused after its key was withdrawn, ${what}`, async (t) => {
    const { provider, verify } = await open(t, { freshMs, cooldownMs: 0 })
    const token = await provider.sign()
    await verify(token)
    provider.dropKey('first')
    await provider.addKey('second')
    await verify(await provider.sign({}, { kid: 'second' }))

    await assert.rejects(verify(token), refused)
  })
}

test('a valid token is not verified again while the keys are fresh', async (t) => {
  const { provider, verify } = await open(t)
  const token = await provider.sign()
  const first = await verify(token)

  assert.equal(await verify(token), first)
})

test('many tokens with unknown keys cause one fetch', async (t) => {
  const { provider, verify } = await open(t)
  const stranger = await IdentityProvider.start(t)
  await stranger.addKey('unknown')
  await verify(await provider.sign())

  for (const sub of ['1', '2', '3'])
    await assert.rejects(verify(await stranger.sign({ sub }, { kid: 'unknown' })), refused)

  assert.equal(provider.fetches, 1)
})

test('without the provider a token gets IDENTITY_PROVIDER_UNAVAILABLE, not TOKEN_INVALID', async (t) => {
  const { provider, verify } = await open(t)
  provider.isDown = true

  await assert.rejects(verify(await provider.sign()), unavailable)
  await assert.rejects(verify(await provider.sign({ sub: '7' })), unavailable)

  assert.equal(provider.fetches, 1)
})

test('while the provider is down, tokens with known keys are accepted, and those with unknown keys get IDENTITY_PROVIDER_UNAVAILABLE', async (t) => {
  const { provider, verify } = await open(t, { freshMs: 0, cooldownMs: 0 })
  await verify(await provider.sign())
  await provider.addKey('second')
  provider.isDown = true

  const known = await verify(await provider.sign({ sub: '7' }))

  assert.equal(known.subject, '7')
  await assert.rejects(verify(await provider.sign({ sub: '8' }, { kid: 'second' })), unavailable)
})

/** Fetch the keys of a provider in another process, and return the addresses that this process requests from the proxy of its environment. */
async function askedOfTheProxy(t: TestContext, environment: Record<string, string>): Promise<string[]> {
  const asked: string[] = []
  const proxy = createServer((request, response) => {
    asked.push(request.url ?? '')
    response.end('{"keys":[]}')
  }).on('connect', (request, socket) => {
    asked.push(request.url ?? '')
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
  })
  await once(proxy.listen(0, '127.0.0.1'), 'listening')
  t.after(() => proxy.close())
  const https_proxy = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
  const script = `
    import { createProviderKeys } from './src/clients/identity-provider/provider-keys.ts'
    await createProviderKeys(new URL('https://id.invalid/keys')).find({ alg: 'ES256', kid: 'first' }).catch(() => {})
    process.exit()`
  const options = { cwd: new URL('../../..', import.meta.url), env: { https_proxy, ...environment } }
  await once(spawn(process.execPath, ['--input-type=module', '--eval', script], options), 'exit')
  return asked
}

test('keys are fetched through the proxy of the environment if NODE_USE_ENV_PROXY is set', async (t) => {
  assert.deepEqual(await askedOfTheProxy(t, { NODE_USE_ENV_PROXY: '1' }), ['id.invalid:443'])
  assert.deepEqual(await askedOfTheProxy(t, {}), [])
})

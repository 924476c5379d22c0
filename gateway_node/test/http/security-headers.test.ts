import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { buildTestApp } from '../build-app.ts'
import type { Answer } from '../gateway-client.ts'

const shop = 'https://shop.example'

function policyOf({ headers }: Answer): Map<string, string[]> {
  const directives = String(headers['content-security-policy']).split('; ')
  return new Map(directives.map((directive) => directive.split(' ')).map(([name = '', ...values]) => [name, values]))
}

for (const path of ['/', '/docs', '/openapi.json', '/v1/items/1', '/v1/nothing', '/healthz', '/icon.svg']) {
  test(`${path} can't be framed, nor read as another type`, async (t) => {
    const { gateway } = await buildTestApp(t)

    const answer = await gateway.get(path)

    assert.deepEqual(policyOf(answer).get('frame-ancestors'), ["'none'"])
    assert.equal(answer.headers['x-content-type-options'], 'nosniff')
    assert.equal(answer.headers['referrer-policy'], 'no-referrer')
  })
}

test('a page may load only what this gateway serves', async (t) => {
  const { gateway } = await buildTestApp(t)

  const policy = policyOf(await gateway.get('/'))

  assert.deepEqual(policy.get('default-src'), ["'none'"])
  assert.deepEqual(policy.get('style-src'), ["'self'"])
  assert.deepEqual(policy.get('connect-src'), ["'self'"])
  assert.ok(![...policy.values()].flat().some((value) => value.includes('unsafe') || value.includes('*')))
})

for (const path of ['/', '/docs']) {
  test(`${path} has no inline script or style except the import map, which its hash allows`, async (t) => {
    const { gateway } = await buildTestApp(t)

    const answer = await gateway.get(path)

    const html = String(answer.body.text)
    const inline = [...html.matchAll(/<script(?![^>]*\ssrc=)[^>]*>(.*?)<\/script>/gs)].map(([, text = '']) => text)
    const hashes = inline.map((text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`)
    assert.deepEqual(
      policyOf(answer)
        .get('script-src')
        ?.filter((value) => hashes.includes(value)),
      hashes,
    )
    assert.doesNotMatch(html, /<style|\sstyle=|\son[a-z]+=|javascript:/)
  })
}

test('answers of the API are never cached', async (t) => {
  const { gateway } = await buildTestApp(t)

  const answers = [await gateway.recommend('1'), await gateway.get('/v1/users/1'), await gateway.get('/v1/nothing')]

  assert.deepEqual(
    answers.map(({ headers }) => headers['cache-control']),
    Array(3).fill('no-store'),
  )
})

function ask(t: TestContext, allowed: string, origin: string, method: 'GET' | 'OPTIONS' = 'GET') {
  const preflight = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' }
  return buildTestApp(t, { GATEWAY_ALLOWED_ORIGINS: allowed }).then(({ gateway }) =>
    gateway.send({ method, url: '/v1/items/1', headers: { origin, ...(method === 'OPTIONS' && preflight) } }),
  )
}

test('pages of an allowed origin may send requests and read answers', async (t) => {
  const preflight = await ask(t, shop, shop, 'OPTIONS')
  const answer = await ask(t, shop, shop)

  assert.deepEqual([preflight.status, preflight.headers['access-control-allow-origin']], [204, shop])
  assert.match(String(preflight.headers['access-control-allow-headers']), /authorization/)
  assert.deepEqual([answer.headers['access-control-allow-origin'], answer.headers.vary], [shop, 'Origin'])
})

for (const [allowed, origin] of [
  ['', shop],
  [shop, 'https://evil.example'],
  [shop, 'https://shop.example.evil.example'],
  [shop, 'null'],
] as const) {
  test(`pages of ${origin} can't read answers if ${allowed || 'no origin'} is allowed`, async (t) => {
    const preflight = await ask(t, allowed, origin, 'OPTIONS')
    const answer = await ask(t, allowed, origin)

    assert.deepEqual([preflight.status, preflight.body.reason], [404, 'ROUTE_UNKNOWN'])
    assert.equal(preflight.headers['access-control-allow-origin'], undefined)
    assert.equal(answer.headers['access-control-allow-origin'], undefined)
  })
}

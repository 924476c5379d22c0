import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { buildTestApp } from '../build-app.ts'

type Parameter = { name: string; required?: boolean; schema: { default?: unknown } }
type Operation = {
  parameters?: Parameter[]
  summary?: string
  tags?: string[]
  security?: object[]
  'x-access'?: string[]
  responses: Record<string, { content?: Record<string, unknown> }>
}

const identityPage = new URL('../../../docs/reference/identity.md', import.meta.url)

/** Return the routes of the page's table, such as `get /v1/items/{itemId}`. */
function documentedRoutes(): string[] {
  const rows = readFileSync(identityPage, 'utf8').matchAll(/^\| `([A-Z]+) (\S+)` \|/gm)
  return Array.from(rows, ([, method = '', path]) => `${method.toLowerCase()} ${path}`)
}

async function readOperations(t: Parameters<typeof buildTestApp>[0]) {
  const { gateway } = await buildTestApp(t)
  const { body } = await gateway.get('/openapi.json')
  const paths = body.paths as Record<string, Record<string, Operation>>
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => [`${method} ${path}`, operation] as const),
  )
  return { version: body.openapi, operations }
}

test('the document is OpenAPI 3.1 and contains every route', async (t) => {
  const { version, operations } = await readOperations(t)

  assert.equal(version, '3.1.0')
  assert.deepEqual(operations.map(([name]) => name).sort(), documentedRoutes().sort())
})

test('every route has a summary and a problem response', async (t) => {
  const { operations } = await readOperations(t)

  for (const [name, operation] of operations) {
    assert.ok(operation.summary && operation.tags?.length, name)
    assert.ok(operation.responses.default?.content?.['application/problem+json'], name)
  }
})

test('every route that needs a token has a security scheme and responses 401 and 403', async (t) => {
  const { operations } = await readOperations(t)
  const closed = operations.filter(([, { 'x-access': access }]) => !access?.includes('anyone'))

  assert.deepEqual(
    operations
      .filter(([, { security }]) => security?.length === 0)
      .map(([name]) => name)
      .sort(),
    ['get /v1/live', 'get /v1/users', 'post /v1/decisions', 'post /v1/sessions'],
  )
  for (const [name, { security, responses }] of closed) {
    assert.deepEqual(security, [{ bearer: [] }], name)
    for (const status of ['401', '403']) assert.ok(responses[status]?.content?.['application/problem+json'], name)
  }
})

/** Return all values of the document under a name, such as `pattern`. */
function findAll(document: unknown, name: string): unknown[] {
  if (typeof document !== 'object' || document === null) return []
  return Object.entries(document).flatMap(([key, value]) => [...(key === name ? [value] : []), ...findAll(value, name)])
}

test('every pattern means the same in other languages', async (t) => {
  const { gateway } = await buildTestApp(t)

  const { body } = await gateway.get('/openapi.json')

  const patterns = new Set(findAll(body, 'pattern'))
  assert.ok(patterns.size > 0)
  // Allow no Unicode property, \uXXXX or look-around, and no \d, \w or \s, which match more characters in some languages.
  assert.deepEqual(
    [...patterns].filter((pattern) => /\\[^x\][.$^-]|\(\?/.test(String(pattern))),
    [],
  )
})

test("the examples of the documentation page change no real user's data", async (t) => {
  const { gateway } = await buildTestApp(t)
  const { body } = await gateway.get('/openapi.json')
  const paths = body.paths as Record<string, Record<string, { parameters?: object[]; requestBody?: object }>>

  const erasure = paths['/v1/users/{userId}']?.delete?.parameters
  const rating = paths['/v1/interactions']?.post?.requestBody
  const job = paths['/v1/jobs']?.post?.requestBody

  assert.deepEqual(findAll(erasure, 'example'), ['docs-example'])
  assert.deepEqual(findAll(rating, 'example'), [{ userId: 'docs-example', itemId: '50', rating: 4 }])
  assert.deepEqual(findAll(job, 'example'), [{ kind: 'export', params: { limit: 5 } }])
})

test('the sign-in dialog of the documentation page says where a token comes from', async (t) => {
  const provider = {
    GATEWAY_DEMO: 'false',
    GATEWAY_JWKS_URL: 'http://127.0.0.1:1/keys',
    GATEWAY_TOKEN_ISSUER: 'https://id.example/',
    GATEWAY_TOKEN_AUDIENCE: 'gateway',
  }
  const documents = [await readDocument(t, {}), await readDocument(t, provider)]

  const [demo, ofProvider] = documents.map((document) => JSON.stringify(findAll(document, 'securitySchemes')))

  assert.match(String(demo), /POST \/v1\/sessions/)
  assert.match(String(ofProvider), /https:\/\/id\.example\/.*gateway/)
})

async function readDocument(t: Parameters<typeof buildTestApp>[0], environment: Record<string, string>) {
  const { app } = await buildTestApp(t, environment)
  return (await app.inject('/openapi.json')).json()
}

test('a parameter with a default is optional', async (t) => {
  const { operations } = await readOperations(t)

  const parameters = operations.flatMap(([, { parameters = [] }]) => parameters)

  const withDefault = parameters.filter(({ schema }) => schema.default !== undefined)
  assert.ok(withDefault.length > 10)
  assert.deepEqual(
    withDefault.filter(({ required }) => required),
    [],
  )
})

test('the document is written once, however often it is fetched', async (t) => {
  const { app, gateway } = await buildTestApp(t)
  const written = t.mock.method(app, 'swagger')

  const answers = [
    await gateway.get('/openapi.json'),
    await gateway.get('/openapi.json'),
    await gateway.get('/docs/json'),
  ]

  assert.equal(written.mock.callCount(), 0)
  assert.deepEqual(
    answers.map(({ body }) => body.openapi),
    ['3.1.0', '3.1.0', '3.1.0'],
  )
})

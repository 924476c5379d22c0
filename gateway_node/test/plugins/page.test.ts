import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildTestApp } from '../build-app.ts'

/** What the import map of a page names. */
function readImports(html: string): string[] {
  const map = /<script type="importmap">(.*?)<\/script>/s.exec(html)?.[1] ?? '{}'
  return Object.values(JSON.parse(map).imports as Record<string, string>)
}

test('the page and every module of its import map are served', async (t) => {
  const { gateway } = await buildTestApp(t)

  const page = await gateway.get('/')
  const imports = readImports(String(page.body.text))
  const modules = await Promise.all(imports.map((path) => gateway.get(path)))

  assert.match(String(page.headers['content-type']), /^text\/html/)
  assert.ok(imports.length > 0)
  for (const { status, headers } of modules)
    assert.deepEqual([status, headers['content-type']], [200, 'application/javascript; charset=utf-8'])
})

test('the docs are served', async (t) => {
  const { gateway } = await buildTestApp(t)

  const { status, headers } = await gateway.get('/docs')

  assert.equal(status, 200)
  assert.match(String(headers['content-type']), /^text\/html/)
})

test('files beside the page are not served', async (t) => {
  const { gateway } = await buildTestApp(t)

  const answers = await Promise.all(
    ['/../package.json', '/%2e%2e/package.json', '/vendor/fastify.js'].map((path) => gateway.get(path)),
  )

  assert.deepEqual(
    answers.map(({ status }) => status),
    [404, 404, 404],
  )
})

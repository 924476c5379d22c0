import assert from 'node:assert/strict'
import fs from 'node:fs'
import { test } from 'node:test'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import type { FastifyInstance } from 'fastify'
import { buildTestApp } from '../build-app.ts'

/** A module of the page, one of a library, and one of the docs. */
const scripts = ['/app.js', '/vendor/preact.js', '/docs/static/swagger-ui-bundle.js']

/** Send a request as a browser does. `encodings` is the value of `accept-encoding`. */
async function fetchFile(app: FastifyInstance, path: string, encodings = '', ifNoneMatch = '') {
  const { statusCode, headers, rawPayload } = await app.inject({
    url: path,
    headers: { 'accept-encoding': encodings, ...(ifNoneMatch && { 'if-none-match': ifNoneMatch }) },
  })
  return { status: statusCode, headers, bytes: rawPayload }
}

/** The addresses in the import map of a page. */
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
    assert.deepEqual([status, headers['content-type']], [200, 'text/javascript; charset=utf-8'])
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

test('a script is compressed if the browser accepts that', async (t) => {
  const { app } = await buildTestApp(t)

  for (const script of scripts) {
    const [plain, brotli, gzip] = await Promise.all(
      ['', 'gzip, br', 'gzip'].map((name) => fetchFile(app, script, name)),
    )

    assert.deepEqual(
      [plain, brotli, gzip].map((file) => [file?.status, file?.headers['content-encoding'], file?.headers.vary]),
      [undefined, 'br', 'gzip'].map((encoding) => [200, encoding, 'accept-encoding']),
    )
    assert.deepEqual(brotliDecompressSync(brotli?.bytes ?? ''), plain?.bytes)
    assert.deepEqual(gunzipSync(gzip?.bytes ?? ''), plain?.bytes)
    assert.ok((brotli?.bytes.length ?? 0) < (plain?.bytes.length ?? 0) * 0.6)
  }
})

test('a script that the browser already has is not sent again', async (t) => {
  const { app } = await buildTestApp(t)

  for (const script of scripts) {
    const first = await fetchFile(app, script, 'br')
    const again = await fetchFile(app, script, 'br', String(first.headers.etag))
    const changed = await fetchFile(app, script, 'br', 'W/"of another version"')

    assert.deepEqual([again.status, again.bytes.length, again.headers.etag], [304, 0, first.headers.etag])
    assert.deepEqual([changed.status, changed.headers['cache-control']], [200, 'no-cache'])
  }
})

test('many requests at once open no file', async (t) => {
  const { app } = await buildTestApp(t)
  const opened = t.mock.method(fs, 'createReadStream')

  const answers = await Promise.all(
    Array.from({ length: 60 }, (_, number) => fetchFile(app, scripts[number % scripts.length] ?? '', 'br')),
  )

  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200])
  assert.equal(opened.mock.callCount(), 0)
})

test('all files of the page are one route in the metrics', async (t) => {
  const { app, gateway } = await buildTestApp(t)
  await Promise.all(['/', '/app.js', '/vendor/preact.js'].map((path) => fetchFile(app, path)))

  const { body } = await gateway.get('/v1/stats')

  assert.deepEqual(Object.keys(body.routes as object), ['GET /*'])
})

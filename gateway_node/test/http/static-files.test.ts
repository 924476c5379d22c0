import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import fastify from 'fastify'
import { createFilesHandler, openStaticFolder } from '../../src/http/static-files.ts'

function createFolder(t: TestContext, files: Record<string, string>) {
  const folder = mkdtempSync(join(tmpdir(), 'static-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}

test('a folder serves its pages, styles and scripts, and no other file', (t) => {
  const folder = createFolder(t, { 'a.js': '', 'below/b.css': '', 'notes.txt': '', '.env': '', 'config.json': '' })

  const files = openStaticFolder(folder)

  assert.deepEqual([...files.keys()].sort(), ['a.js', 'below/b.css'])
})

test('a file is read once, so it is still served after it was deleted', async (t) => {
  const folder = createFolder(t, { 'a.js': 'export {}' })
  const app = fastify()
  app.get('/*', createFilesHandler(openStaticFolder(folder)))

  const before = await app.inject('/a.js')
  rmSync(folder, { recursive: true })
  const after = await app.inject('/a.js')

  assert.deepEqual([before.body, after.body], ['export {}', 'export {}'])
})

test('a file that could not be read is read again for the next request', async (t) => {
  const folder = createFolder(t, { 'a.js': '' })
  const app = fastify()
  app.get('/*', createFilesHandler(openStaticFolder(folder)))
  rmSync(join(folder, 'a.js'))

  const before = await app.inject('/a.js')
  writeFileSync(join(folder, 'a.js'), 'export {}')
  const after = await app.inject('/a.js')

  assert.deepEqual([before.statusCode, after.statusCode], [500, 200])
})

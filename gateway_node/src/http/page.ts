// Serves the page as it lies in web/, and the few modules of node_modules that its import map names.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { onRequestHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import { writePolicy } from './security-headers.ts'
import { createFilesHandler, openStaticFile, openStaticFolder } from './static-files.ts'

const folder = new URL('../../web/', import.meta.url)
const index = 'index.html'
const vendorModules: Record<string, string> = {
  'preact.js': 'preact',
  'preact-hooks.js': 'preact/hooks',
  'signals-core.js': '@preact/signals-core',
  'signals.js': '@preact/signals',
  'htm.js': 'htm',
}

export const pagePlugin = fp(
  async (app) => {
    const files = openStaticFolder(fileURLToPath(folder))
    for (const [name, module] of Object.entries(vendorModules))
      files.set(`vendor/${name}`, openStaticFile(fileURLToPath(import.meta.resolve(module))))
    const page = files.get(index)
    if (page) files.set('', page)
    const policy = writePolicy(readFileSync(new URL(index, folder), 'utf8'))
    const onRequest: onRequestHookHandler = (_request, reply, done) => {
      reply.header('content-security-policy', policy)
      done()
    }
    app.get('/*', { schema: { hide: true }, config: { access: ['anyone'] }, onRequest }, createFilesHandler(files))
  },
  { name: 'page', dependencies: ['auth', 'headers'] },
)

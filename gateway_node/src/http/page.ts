// Serves the page as it lies in web/, and the few modules of node_modules that its import map names.
import { fileURLToPath } from 'node:url'
import fp from 'fastify-plugin'
import { createFilesHandler, openStaticFile, openStaticFolder } from './static-files.ts'

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
    const files = openStaticFolder(fileURLToPath(new URL('../../web/', import.meta.url)))
    for (const [name, module] of Object.entries(vendorModules))
      files.set(`vendor/${name}`, openStaticFile(fileURLToPath(import.meta.resolve(module))))
    const page = files.get(index)
    if (page) files.set('', page)
    app.get('/*', { schema: { hide: true }, config: { access: ['anyone'] } }, createFilesHandler(files))
  },
  { name: 'page', dependencies: ['auth'] },
)

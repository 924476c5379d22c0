// Serves the page as it lies in web/, and the few modules of node_modules that its import map names.
import { basename, dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import staticFiles from '@fastify/static'
import fp from 'fastify-plugin'
import { openToAnyone } from './auth.ts'

const vendorModules: Record<string, string> = {
  'preact.js': 'preact',
  'preact-hooks.js': 'preact/hooks',
  'signals-core.js': '@preact/signals-core',
  'signals.js': '@preact/signals',
  'htm.js': 'htm',
  'uplot.js': 'uplot',
  'uplot.css': 'uplot/dist/uPlot.min.css',
}

export const pagePlugin = fp(
  async (instance) => {
    await instance.register(async (app) => {
      openToAnyone(app)
      await app.register(staticFiles, {
        root: fileURLToPath(new URL('../../web/', import.meta.url)),
        index: 'index.html',
      })
      for (const [name, module] of Object.entries(vendorModules)) {
        const path = fileURLToPath(import.meta.resolve(module))
        app.get(`/vendor/${name}`, { schema: { hide: true } }, (_request, reply) =>
          reply.sendFile(basename(path), dirname(path)),
        )
      }
    })
  },
  { name: 'page', dependencies: ['auth'] },
)

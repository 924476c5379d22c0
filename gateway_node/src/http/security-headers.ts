// The security headers of every answer: what a page may load, who may frame it, and which origins may read the answer (CORS).
import { createHash } from 'node:crypto'
import cors from '@fastify/cors'
import fp from 'fastify-plugin'

const preflightSeconds = 600

export const headersPlugin = fp(
  async (app) => {
    // Made once. @fastify/helmet would write the policy again for each request.
    const headers = {
      'content-security-policy': writePolicy(),
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
    }
    app.addHook('onRequest', (request, reply, done) => {
      reply.headers(headers)
      // Answers of the API may hold a user's data. A file of the page sets its own cache-control.
      if (request.url.startsWith('/v1/')) reply.header('cache-control', 'no-store')
      done()
    })
    const { allowedOrigins } = app.config
    if (allowedOrigins.length === 0) return
    // A browser sends a preflight request without a token. The library registers the route for it.
    app.addHook('onRoute', (route) => {
      if (route.method === 'OPTIONS') route.config = { ...route.config, access: ['anyone'] }
    })
    await app.register(cors, {
      // A function, because in a list the library takes `*` for every origin.
      origin: async (origin: string | undefined) => origin !== undefined && allowedOrigins.includes(origin),
      methods: ['GET', 'HEAD', 'POST', 'DELETE'],
      allowedHeaders: ['authorization', 'content-type', 'idempotency-key', 'traceparent', 'x-request-id'],
      exposedHeaders: ['location', 'retry-after', 'server-timing', 'x-request-id'],
      maxAge: preflightSeconds,
    })
  },
  { name: 'headers' },
)

/**
 * Write a content security policy: everything from this gateway alone. Of the scripts in the text of `html` it allows the import map, which
 * browsers take from nowhere else, by its hash. `formAction` says where its forms may be sent.
 */
export function writePolicy(html = '', formAction: "'none'" | "'self'" = "'none'"): string {
  const inline = [...html.matchAll(/<script type="importmap">(.*?)<\/script>/gs)].map(([, text = '']) => text)
  const hashes = inline.map((text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`)
  return [
    "default-src 'none'",
    `script-src ${["'self'", ...hashes].join(' ')}`,
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    `form-action ${formAction}`,
    "frame-ancestors 'none'",
  ].join('; ')
}

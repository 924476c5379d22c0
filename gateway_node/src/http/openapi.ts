// Generates the OpenAPI document from the route schemas: /openapi.json, and /docs to read it.
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance, RouteHandler } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../config.ts'
import { bearer, openToAnyone } from './authentication.ts'
import { exampleUser } from './schemas.ts'
import { createFilesHandler, openStaticFolder } from './static-files.ts'

export const openApiPlugin = fp(
  async (app) => {
    await app.register(swagger, {
      transformObject: (document) =>
        'openapiObject' in document ? letDefaultsBeLeftOut(document.openapiObject) : document.swaggerObject,
      openapi: {
        openapi: '3.1.0',
        info: {
          title: 'Why Not Both',
          version: '1',
          description:
            'Recommendations, interactions and background jobs. Every error is a problem (RFC 9457) with a `reason` from one catalogue. Changes are pushed on the WebSocket `/v1/live`.',
        },
        servers: [{ url: '/' }],
        components: { securitySchemes: { [bearer]: describeBearer(app.config) } },
      },
    })
    // Written once, because anyone may request it without a token.
    let document = ''
    app.addHook('onReady', async () => {
      document = JSON.stringify(app.swagger())
    })
    const sendDocument: RouteHandler = (_request, reply) => reply.type('application/json').send(document)
    await app.register(async (page) => {
      openToAnyone(page)
      replaceHandlers(page, { '/docs/static/*': createDocsFiles(), '/docs/json': sendDocument })
      await page.register(swaggerUi, { routePrefix: '/docs' })
    })
    app.get('/openapi.json', { schema: { hide: true }, config: { access: ['anyone'] } }, sendDocument)
  },
  { name: 'open-api', dependencies: ['auth'] },
)

/** The text beside the field for a token. */
function describeBearer({ identity }: Config) {
  const description = identity.isDemo
    ? `Execute \`POST /v1/sessions\`, and paste the \`token\` of its answer. \`{"role": "operator"}\` may read all; \`{"userId": "${exampleUser}"}\` may rate for that user.`
    : `Paste a token that your OpenID provider (\`${identity.issuer}\`) signed for the audience \`${identity.audience}\`. Its documentation says how to ask for one.`
  return { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description } as const
}

/** Replace the library's handlers, which open a file or write the document again for each request. */
function replaceHandlers(app: FastifyInstance, handlers: Record<string, RouteHandler>): void {
  app.addHook('onRoute', (route) => {
    route.handler = handlers[route.url] ?? route.handler
  })
}

function createDocsFiles(): RouteHandler {
  const library = dirname(fileURLToPath(import.meta.resolve('@fastify/swagger-ui')))
  return createFilesHandler(openStaticFolder(join(library, 'static')))
}

type Operation = { parameters?: { required?: boolean; schema?: { default?: unknown } }[] }

/** Mark each parameter with a default as optional. The route schema doesn't, because a handler always finds a value. */
function letDefaultsBeLeftOut<Document extends { paths?: object | undefined }>(document: Document): Document {
  const operations = Object.values(document.paths ?? {}).flatMap((path) => Object.values(path) as Operation[])
  for (const parameter of operations.flatMap(({ parameters = [] }) => parameters))
    if (parameter.schema?.default !== undefined) parameter.required = false
  return document
}

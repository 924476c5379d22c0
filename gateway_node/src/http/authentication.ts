// Reads the identity from the token of each request, and refuses an identity that the route's `config.access` doesn't name.
import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { createDemoSessions, type OpenSession } from '../clients/identity-provider/demo-sessions.ts'
import type { Identity, Verify } from '../clients/identity-provider/identity.ts'
import { createProviderVerify } from '../clients/identity-provider/provider-tokens.ts'
import { type Access, requireAccess, requireIdentity } from './access.ts'
import { problemResponse, unknownRoute } from './problem.ts'
import { createRateLimits } from './rate-limits.ts'

const bearerPattern = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i
/** The name of this security scheme in the OpenAPI document. */
export const bearer = 'bearer'
const open: Access = ['anyone']

export const authPlugin = fp(
  async (app) => {
    decorate(app)
    requireAccessOfRoutes(app)
    const limits = await createRateLimits(app)
    app.decorateRequest('identity')
    app.decorateRequest('access')
    app.addHook('onRequest', async (request) => {
      const { access = [], isProbe } = request.routeOptions.config
      request.access = access
      // The address comes first: a client that tries tokens has no identity yet.
      if (!isProbe) await limits.address(request)
      // Refuse an unknown route before its body is read.
      if (request.is404) throw unknownRoute(request)
      if (access.includes('anyone')) return
      request.identity = await readIdentity(app, request)
      await limits.identity(request)
      if (!access.includes('owner')) requireAccess(access, request.identity)
    })
    app.addHook('preHandler', (request, _reply, done) => {
      // The body may name the owner, and only now it has been read and validated.
      if (request.access.includes('owner')) requireAccess(request.access, request.identity, ownerIn(request))
      done()
    })
  },
  { name: 'auth', dependencies: ['problem'] },
)

function decorate(app: FastifyInstance): void {
  const { identity } = app.config
  if (identity.isDemo) {
    const { open, verify } = createDemoSessions(identity)
    app.decorate('verifyToken', verify)
    app.decorate('openSession', open)
  } else app.decorate('verifyToken', createProviderVerify(identity))
}

/** Stop the start if a route doesn't say who may use it. Write each route's access into the OpenAPI document. */
function requireAccessOfRoutes(app: FastifyInstance): void {
  const routes: RouteOptions[] = []
  app.addHook('onRoute', (route) => {
    routes.push(route)
    const access = route.config?.access ?? []
    const responses = access.includes('anyone') ? {} : { 401: problemResponse, 403: problemResponse }
    if (isOfApi(route.url) && !route.schema?.hide)
      route.schema = {
        ...route.schema,
        security: access.includes('anyone') ? [] : [{ [bearer]: [] }],
        'x-access': access,
        response: { ...(route.schema?.response ?? {}), ...responses },
      }
  })
  app.addHook('onReady', async () => {
    const unnamed = routes.filter(({ config }) => !config?.access?.length)
    if (unnamed.length === 0) return
    const names = unnamed.map(({ method, url }) => `${method} ${url}`)
    throw new Error(`These routes don't say who may use them: ${names.join(', ')}. Give each a config.access.`)
  })
}

/** Open the routes of a third-party plugin, which can't set `config.access` themselves. */
export function openToAnyone(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    route.config = { ...route.config, access: open }
  })
}

function readIdentity(app: FastifyInstance, { headers }: FastifyRequest): ReturnType<Verify> {
  const token = bearerPattern.exec(headers.authorization ?? '')?.[1]
  const identity = token === undefined ? undefined : app.verifyToken(token)
  requireIdentity(identity)
  return identity
}

const isOfApi = (url = '') => url.startsWith('/v1/')

/** The user whose data a request is about. */
function ownerIn({ params, body }: FastifyRequest): string | undefined {
  return (params as { userId?: string }).userId ?? (body as { userId?: string } | undefined)?.userId
}

declare module 'fastify' {
  interface FastifyInstance {
    verifyToken: Verify
    /** Only in the demo. */
    openSession: OpenSession
  }
  interface FastifyRequest {
    /** Undefined on a route that anyone may use. */
    identity: Identity | undefined
    /** The principals that may send it. */
    access: Access
  }
  interface FastifyContextConfig {
    access?: Access
  }
  interface FastifySchema {
    security?: readonly Record<string, readonly string[]>[]
    'x-access'?: Access
  }
}

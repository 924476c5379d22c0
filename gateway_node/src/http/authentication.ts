// Lets nobody in whom a route doesn't name: who asks is read from the token, and each route says in `config.access` who may.
import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { createDemoSessions, type OpenSession } from '../clients/identity-provider/demo-sessions.ts'
import type { Identity, Verify } from '../clients/identity-provider/identity.ts'
import { createProviderVerify } from '../clients/identity-provider/provider-tokens.ts'
import { type Access, requireAccess, requireIdentity } from './access.ts'
import { problemResponse, unknownRoute } from './problem.ts'
import { createRates } from './rate-limits.ts'

const bearerPattern = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i
/** What the contract calls this way of signing in. */
export const bearer = 'bearer'
const open: Access = ['anyone']

export const authPlugin = fp(
  async (app) => {
    decorate(app)
    requireAccessOfRoutes(app)
    const rates = createRates(app.config.limits)
    app.decorateRequest('identity')
    app.decorateRequest('access')
    function admit(request: FastifyRequest, identity: Identity): void {
      request.identity = identity
      rates.identity(identity)
      if (!request.access.includes('owner')) requireAccess(request.access, identity)
    }
    // Callbacks, as most who ask are known: a promise for each would cost more than what it waits for.
    app.addHook('onRequest', (request, _reply, done) => {
      const { config } = request.routeOptions
      request.access = config.access ?? []
      if (!config.isProbe) rates.address(request.ip)
      // Now, as later a body would be read for it.
      if (request.is404) throw unknownRoute(request)
      if (request.access.includes('anyone')) return done()
      const identity = signIn(app, request)
      if (identity instanceof Promise) {
        identity.then((checked) => admit(request, checked)).then(() => done(), done)
        return
      }
      admit(request, identity)
      done()
    })
    app.addHook('preHandler', (request, _reply, done) => {
      // The owner may stand in the body, which has been read and checked by now.
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

/** A route that was forgotten must not be open. Tells the contract who may use each. */
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
    const forgotten = routes.filter(({ config }) => !config?.access?.length)
    if (forgotten.length === 0) return
    const names = forgotten.map(({ method, url }) => `${method} ${url}`)
    throw new Error(`Routes that don't say who may use them, by config.access: ${names.join(', ')}`)
  })
}

/** For the routes of plugins that aren't ours, and so can't say it themselves. */
export function openToAnyone(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    route.config = { ...route.config, access: open }
  })
}

function signIn(app: FastifyInstance, { headers }: FastifyRequest): ReturnType<Verify> {
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
    /** In the demo alone. */
    openSession: OpenSession
  }
  interface FastifyRequest {
    /** Undefined where anyone may ask. */
    identity: Identity | undefined
    /** The identities that may send it. */
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

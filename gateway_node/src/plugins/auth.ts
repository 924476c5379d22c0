// Lets nobody in whom a route doesn't name: who asks is read from the token, and each route says in `config.access` who may.
import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { type Access, requireAccess, requireIdentity } from '../access.ts'
import { createDemoSessions, type OpenSession } from '../identity/demo-sessions.ts'
import type { Identity, Verify } from '../identity/identity.ts'
import { createProviderVerify } from '../identity/provider-tokens.ts'
import { problemResponse } from '../problem.ts'
import { createRates } from './rates.ts'

const bearerPattern = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i
/** What the contract calls this way of signing in. */
export const bearer = 'bearer'
const open: Access = ['anyone']

export const authPlugin = fp(
  async (app) => {
    decorate(app)
    requireAccessOfRoutes(app)
    const rates = await createRates(app)
    app.decorateRequest('identity')
    app.addHook('onRequest', async (request) => {
      const access = accessOf(request)
      if (isOfApi(request.routeOptions.url)) await rates.address(request)
      if (access.includes('anyone')) return
      request.identity = await signIn(app, request)
      await rates.identity(request)
      if (!access.includes('owner')) requireAccess(access, request.identity)
    })
    app.addHook('preHandler', async (request) => {
      // The owner may stand in the body, which has been read and checked by now.
      const access = accessOf(request)
      if (access.includes('owner')) requireAccess(access, request.identity, ownerIn(request))
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

async function signIn(app: FastifyInstance, { headers }: FastifyRequest): Promise<Identity> {
  const token = bearerPattern.exec(headers.authorization ?? '')?.[1]
  const identity = token === undefined ? undefined : await app.verifyToken(token)
  requireIdentity(identity)
  return identity
}

/** A path that no route has is open: all it gets is a 404. */
function accessOf({ is404, routeOptions }: FastifyRequest): Access {
  return is404 ? open : (routeOptions.config.access ?? [])
}

/** Whoever looks whether the gateway is alive, or fetches the page, is never refused. */
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
  }
  interface FastifyContextConfig {
    access?: Access
  }
  interface FastifySchema {
    security?: readonly Record<string, readonly string[]>[]
    'x-access'?: Access
  }
}

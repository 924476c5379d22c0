// Tokens for tests.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance, InjectOptions } from 'fastify'

const folder = mkdtempSync(join(tmpdir(), 'gateway-test-'))
process.on('exit', () => rmSync(folder, { recursive: true }))

/** The settings of a demo with a key for this test process. */
export const demo = { GATEWAY_DEMO: 'true', GATEWAY_DEMO_KEY: join(folder, 'demo.pem') }

export async function tokenOf(app: FastifyInstance, userId?: string): Promise<string> {
  const session = userId === undefined ? app.openSession('operator', 'operator') : app.openSession('viewer', userId)
  return (await session).token
}

/** Add a token to a request: the user's for an interaction, the operator's for the rest. A given token stays. */
export async function signed(app: FastifyInstance, request: InjectOptions): Promise<InjectOptions> {
  if (request.headers?.authorization !== undefined) return request
  const isInteraction = request.url === '/v1/interactions'
  const userId = isInteraction ? (userIn(request.payload) ?? 'nobody') : undefined
  const authorization = `Bearer ${await tokenOf(app, userId)}`
  return { ...request, headers: { ...request.headers, authorization } }
}

function userIn(payload: InjectOptions['payload']): string | undefined {
  const { userId } = (payload ?? {}) as { userId?: unknown }
  return typeof userId === 'string' && /^\P{C}{1,200}$/u.test(userId) ? userId : undefined
}

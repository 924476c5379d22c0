// Tokens for tests: whoever may ask for something, asks.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance, InjectOptions } from 'fastify'

const folder = mkdtempSync(join(tmpdir(), 'gateway-test-'))
process.on('exit', () => rmSync(folder, { recursive: true }))

/** A demo whose key is this test process's own. */
export const demo = { GATEWAY_DEMO: 'true', GATEWAY_DEMO_KEY: join(folder, 'demo.pem') }

export async function tokenOf(app: FastifyInstance, userId?: string): Promise<string> {
  const session = userId === undefined ? app.openSession('operator', 'operator') : app.openSession('viewer', userId)
  return (await session).token
}

/** Interactions are told by their user; all else may be asked by the operator. Headers that are given stay. */
export async function signed(app: FastifyInstance, request: InjectOptions): Promise<InjectOptions> {
  if (request.headers?.authorization !== undefined) return request
  const isTelling = request.url === '/v1/interactions'
  const userId = isTelling ? (userIn(request.payload) ?? 'nobody') : undefined
  const authorization = `Bearer ${await tokenOf(app, userId)}`
  return { ...request, headers: { ...request.headers, authorization } }
}

function userIn(payload: InjectOptions['payload']): string | undefined {
  const { userId } = (payload ?? {}) as { userId?: unknown }
  return typeof userId === 'string' && /^\P{C}{1,200}$/u.test(userId) ? userId : undefined
}

// Lets a caller with OPS_TOKEN read metrics, by the rule of the ops ports of recommender and worker.
import { hash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import { isLoopback } from './host-check.ts'

/** Return an `onRequest` hook. If OPS_TOKEN isn't set, it lets requests in only if the gateway listens on loopback. */
export function createOpsAccess({ host, opsToken }: Pick<Config, 'host' | 'opsToken'>) {
  const expected = opsToken && digestOf(`Bearer ${opsToken}`)
  return async ({ headers }: FastifyRequest): Promise<void> => {
    if (expected === undefined && isLoopback(host)) return
    // Compare digests in constant time, so that the time of an answer says nothing about the token.
    if (expected && timingSafeEqual(digestOf(headers.authorization ?? ''), expected)) return
    const todo = expected ? "Send this gateway's OPS_TOKEN" : 'Set OPS_TOKEN, as other machines reach this port'
    throw new AppError('TOKEN_INVALID', `${todo}: "Authorization: Bearer ...".`)
  }
}

const digestOf = (text: string) => hash('sha256', text, 'buffer')

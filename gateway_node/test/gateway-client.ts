// A signed-in client of an app. It holds the paths, headers and encodings, so that tests don't.
import type { FastifyInstance, InjectOptions } from 'fastify'
import { signed } from './sign-in.ts'

export type Answer = {
  status: number
  headers: Record<string, unknown>
  body: Record<string, unknown> & { reason?: string }
}

export type Rating = { userId: string; itemId: string; rating: number }

export class GatewayClient {
  readonly #app: FastifyInstance

  constructor(app: FastifyInstance) {
    this.#app = app
  }

  async send(request: InjectOptions): Promise<Answer> {
    const { statusCode: status, headers, payload } = await this.#app.inject(await signed(this.#app, request))
    const isJson = String(headers['content-type']).includes('json')
    return { status, headers, body: isJson ? JSON.parse(payload) : { text: payload } }
  }

  get(url: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send({ method: 'GET', url, headers })
  }

  recommend(userId: string, query: Record<string, string> = {}): Promise<Answer> {
    return this.send({ method: 'GET', url: `/v1/users/${userId}/recommendations`, query })
  }

  rate(rating: unknown, idempotencyKey?: string): Promise<Answer> {
    const headers = idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }
    return this.send({ method: 'POST', url: '/v1/interactions', headers, payload: rating as object })
  }

  erase(userId: string): Promise<Answer> {
    return this.send({ method: 'DELETE', url: `/v1/users/${encodeURIComponent(userId)}` })
  }

  /** Send a body unchanged, with any media type. */
  rateRaw(payload: string, contentType = 'application/json'): Promise<Answer> {
    return this.#sendRaw('/v1/interactions', payload, contentType)
  }

  askForJobRaw(payload: string): Promise<Answer> {
    return this.#sendRaw('/v1/jobs', payload, 'application/json')
  }

  #sendRaw(url: string, payload: string, contentType: string): Promise<Answer> {
    return this.send({ method: 'POST', url, headers: { 'content-type': contentType }, payload })
  }

  promote(version: string): Promise<Answer> {
    return this.send({ method: 'POST', url: `/v1/models/${version}/promote` })
  }
}

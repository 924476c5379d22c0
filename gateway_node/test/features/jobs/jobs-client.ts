// A client of the job routes.
import type { FastifyInstance } from 'fastify'
import { signed } from '../../sign-in.ts'

type Method = 'GET' | 'POST'
type Request = { body?: unknown; idempotencyKey?: string }

export class JobsClient {
  readonly #app: FastifyInstance

  constructor(app: FastifyInstance) {
    this.#app = app
  }

  ask(kind: string, params?: unknown, idempotencyKey?: string) {
    return this.#send('POST', '/v1/jobs', { body: { kind, params }, ...(idempotencyKey && { idempotencyKey }) })
  }

  get(jobId: string) {
    return this.#send('GET', `/v1/jobs/${jobId}`)
  }

  list(query: Record<string, string> = {}) {
    return this.#send('GET', `/v1/jobs?${new URLSearchParams(query)}`)
  }

  cancel(jobId: string) {
    return this.#send('POST', `/v1/jobs/${jobId}/cancel`)
  }

  async download(jobId: string) {
    const { statusCode, headers, body } = await this.#app.inject(
      await signed(this.#app, { method: 'GET', url: `/v1/jobs/${jobId}/result` }),
    )
    return { status: statusCode, headers, text: body }
  }

  async #send(method: Method, url: string, { body, idempotencyKey }: Request = {}) {
    const request = {
      method,
      url,
      ...(body !== undefined && { body: body as object }),
      ...(idempotencyKey !== undefined && { headers: { 'idempotency-key': idempotencyKey } }),
    }
    const answer = await this.#app.inject(await signed(this.#app, request))
    return { status: answer.statusCode, headers: answer.headers, body: answer.json() }
  }
}

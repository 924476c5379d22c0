// Renders every error as application/problem+json (RFC 9457). The only file that knows HTTP statuses of errors.
import type { ServerResponse } from 'node:http'
import type { FastifyError, FastifyReply, FastifyRequest, onSendHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import { type Static, Type } from 'typebox'
import { AppError, type Kind, type Reason } from '../errors.ts'
import { parseBodies } from './bodies.ts'
import { compileValidator, toFieldErrors } from './validation.ts'

const statusOfKind: Record<Kind, number> = {
  INVALID_ARGUMENT: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  RESOURCE_EXHAUSTED: 429,
  INTERNAL: 502,
  UNAVAILABLE: 503,
  DEADLINE_EXCEEDED: 504,
}

/** Reasons for which HTTP has a status that is more exact than their kind's. */
const statusOfReason: Partial<Record<Reason, number>> = {
  BODY_TOO_LARGE: 413,
  MEDIA_TYPE_UNSUPPORTED: 415,
  HOST_REFUSED: 421,
  INTERNAL: 500,
}

const reasonOfFastifyCode: Record<string, Reason> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'BODY_TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'MEDIA_TYPE_UNSUPPORTED',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'BODY_MALFORMED',
  FST_ERR_CTP_INVALID_JSON_BODY: 'BODY_MALFORMED',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'BODY_MALFORMED',
}

const Problem = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String(),
  instance: Type.String(),
  reason: Type.String({ description: 'The identity of the error, from the catalogue.' }),
  requestId: Type.String(),
  errors: Type.Optional(Type.Array(Type.Object({ pointer: Type.String(), detail: Type.String() }))),
})

export const problemResponse = {
  description: 'Why it was refused or failed.',
  content: { 'application/problem+json': { schema: Problem } },
}

export const problemPlugin = fp(
  async (app) => {
    app.decorateRequest('isSending', false)
    app.setValidatorCompiler(compileValidator)
    app.setErrorHandler(sendProblem)
    parseBodies(app)
    app.addHook('onSend', requireWorkingHooks)
    app.setNotFoundHandler((request) => {
      throw unknownRoute(request)
    })
    app.addHook('onRoute', (route) => {
      if (route.schema?.hide || !route.url.startsWith('/v1/')) return
      route.schema = { ...route.schema, response: { ...(route.schema?.response ?? {}), default: problemResponse } }
    })
  },
  { name: 'problem' },
)

export function sendProblem(thrown: unknown, request: FastifyRequest, reply: FastifyReply) {
  const error = toAppError(thrown)
  const status = statusOf(error)
  logError(error, request, status)
  if (error.isRetryable) reply.header('retry-after', error.retryAfterSeconds ?? 1)
  if (status === 401) reply.header('www-authenticate', 'Bearer')
  reply.header('x-request-id', request.id)
  return reply
    .code(status)
    .type('application/problem+json')
    .send(toProblem(error, status, request))
}

/** Made once: to capture a stack costs more than the rest of a refusal. */
const failed = new AppError('INTERNAL', 'The gateway failed. Report it with the request id.')

/** If a hook fails while an answer is sent, Fastify sends the error through the same hooks: it would fail again, and say why. */
const requireWorkingHooks: onSendHookHandler = (request, reply, payload, done) => {
  const isSecondTime = request.isSending
  request.isSending = true
  if (!isSecondTime) return done(null, payload)
  writeProblem(failed, request, reply.hijack().raw)
}

/** Past Fastify, its hooks and its serialisers. */
export function writeProblem(error: AppError, asked: Asked, response: ServerResponse) {
  const status = statusOf(error)
  const body = JSON.stringify(toProblem(error, status, asked))
  if (error.isRetryable) response.setHeader('retry-after', error.retryAfterSeconds ?? 1)
  response.writeHead(status, {
    'content-type': 'application/problem+json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-request-id': asked.id,
  })
  response.end(body)
}

const statusOf = ({ reason, kind }: AppError) => statusOfReason[reason] ?? statusOfKind[kind]

export function unknownRoute(request: FastifyRequest): AppError {
  return new AppError('ROUTE_UNKNOWN', `No route ${request.method} ${pathOf(request)}. See /openapi.json.`)
}

/** Queries stay out of what is logged: some put tokens there. */
export function pathOf({ url }: FastifyRequest): string {
  return url.replace(/\?.*/s, '')
}

/** What isn't an AppError yet is Fastify's refusal of a request, or a bug. */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown
  const { code, statusCode, validation, validationContext, message } = thrown as Partial<FastifyError>
  if (validation)
    return new AppError('REQUEST_INVALID', `The ${validationContext ?? 'request'} can't be used. See errors.`, {
      fields: toFieldErrors(validation as Parameters<typeof toFieldErrors>[0]),
    })
  const reason = code ? reasonOfFastifyCode[code] : undefined
  if (reason) return new AppError(reason, message ?? reason)
  if (thrown instanceof SyntaxError && statusCode === 400) return new AppError('BODY_MALFORMED', thrown.message)
  if (statusCode && statusCode >= 400 && statusCode < 500)
    return new AppError('REQUEST_INVALID', message ?? 'Bad request.')
  return new AppError('INTERNAL', 'The gateway failed. Report it with the request id.', { cause: thrown })
}

type Asked = Pick<FastifyRequest, 'url' | 'id'>

export function toProblem(error: AppError, status: number, request: Asked): Static<typeof Problem> {
  const words = error.reason.toLowerCase().replaceAll('_', ' ')
  return {
    type: `urn:whynotboth:error:${words.replaceAll(' ', '-')}`,
    title: words.charAt(0).toUpperCase() + words.slice(1),
    status,
    detail: error.message,
    instance: request.url,
    reason: error.reason,
    requestId: request.id,
    ...(error.fields.length > 0 && { errors: error.fields }),
  }
}

/** Logs an error once, here where it is handled. The stack of a neighbour's failure says nothing that its message doesn't. */
function logError(error: AppError, request: FastifyRequest, status: number) {
  const { reason, cause, message: detail } = error
  if (status === 500) request.log.error({ reason, err: cause ?? error }, 'request failed by a bug')
  else if (status > 500 && cause) request.log.warn({ reason, detail, cause: String(cause) }, 'request failed')
  else request.log.debug({ reason, detail }, 'request refused')
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Whether the hooks that send its answer have begun. */
    isSending: boolean
  }
}

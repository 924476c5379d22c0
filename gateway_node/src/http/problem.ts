// Renders every error as application/problem+json (RFC 9457), as ml_service/entrypoints/ops/problem.py does for the operators' HTTP.
import type { ServerResponse } from 'node:http'
import type { FastifyError, FastifyReply, FastifyRequest, onSendHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import { type Static, Type } from 'typebox'
import { AppError, type FieldError, type Reason } from '../errors.ts'
import { errorReasons } from '../gen/whynotboth/v1/error-reasons.ts'
import { parseBodies } from './bodies.ts'
import { compileValidator, toFieldErrors } from './validation.ts'

const reasonOfFastifyCode: Record<string, Reason> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'BODY_TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'MEDIA_TYPE_UNSUPPORTED',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'BODY_MALFORMED',
  FST_ERR_CTP_INVALID_JSON_BODY: 'BODY_MALFORMED',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'BODY_MALFORMED',
}

/** What Fastify calls the parts of a request that a schema refuses, in the words of a problem. */
const partOfContext: Record<string, string> = { querystring: 'query', params: 'path' }

const Problem = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String(),
  instance: Type.String(),
  reason: Type.String({ description: 'The reason of the error, from docs/reference/errors.md.' }),
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
  // Bytes, as Fastify would add a charset to the content type of a text or an object. JSON has none.
  const body = Buffer.from(JSON.stringify(toProblem(error, status, request)))
  return reply.code(status).headers(problemHeaders(error, request.id)).send(body)
}

/** If a hook fails while an answer is sent, Fastify sends the error through the same hooks, where it fails again and shows its cause. */
const requireWorkingHooks: onSendHookHandler = (request, reply, payload, done) => {
  const isSecondTime = request.isSending
  request.isSending = true
  if (!isSecondTime) return done(null, payload)
  writeProblem(hookFailure, request, reply.hijack().raw)
}

/** Created once: to capture a stack costs more than the rest of the answer. */
const hookFailure = new AppError('INTERNAL')

/** Send a problem without Fastify, its hooks and its serialisers. */
export function writeProblem(error: AppError, request: Asked, response: ServerResponse) {
  const status = statusOf(error)
  const body = JSON.stringify(toProblem(error, status, request))
  response.writeHead(status, { ...problemHeaders(error, request.id), 'content-length': Buffer.byteLength(body) })
  response.end(body)
}

export const statusOf = ({ reason }: AppError): number => errorReasons[reason].httpStatus

function problemHeaders({ kind, isRetryable, retryAfterSeconds }: AppError, requestId: string) {
  return {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-request-id': requestId,
    ...(isRetryable && { 'retry-after': String(retryAfterSeconds) }),
    ...(kind === 'UNAUTHENTICATED' && { 'www-authenticate': 'Bearer' }),
  }
}

export function unknownRoute(request: FastifyRequest): AppError {
  return new AppError(
    'ROUTE_UNKNOWN',
    `No route has the method ${request.method} and the path ${pathOf(request)}. See /openapi.json.`,
  )
}

/** Return the path without the query. Some clients put tokens into the query, so it is neither logged nor sent back. */
export function pathOf({ url }: Asked): string {
  return url.replace(/\?.*/s, '')
}

/** Return an AppError as it is. Any other error is a request that Fastify refused, or a bug. */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown
  const { code, statusCode, validation, validationContext, message } = thrown as Partial<FastifyError>
  if (validation)
    return invalidPart(validationContext ?? 'request', toFieldErrors(validation as Parameters<typeof toFieldErrors>[0]))
  const reason = code ? reasonOfFastifyCode[code] : undefined
  if (reason) return new AppError(reason, message ?? reason)
  if (thrown instanceof SyntaxError && statusCode === 400) return new AppError('BODY_MALFORMED', thrown.message)
  if (statusCode && statusCode >= 400 && statusCode < 500)
    return new AppError('REQUEST_INVALID', message ?? 'Bad request.')
  return new AppError('INTERNAL', undefined, { cause: thrown })
}

function invalidPart(context: string, fields: FieldError[]): AppError {
  const part = partOfContext[context] ?? context
  return new AppError('REQUEST_INVALID', `The ${part} is not valid. Correct the fields in \`errors\`.`, { fields })
}

type Asked = Pick<FastifyRequest, 'url' | 'id'>

/** Return the body of a problem. `status` differs from the reason's only if Node itself refused the request. */
export function toProblem(error: AppError, status: number, request: Asked): Static<typeof Problem> {
  const { type, title } = errorReasons[error.reason]
  return {
    type,
    title,
    status,
    detail: error.message,
    instance: pathOf(request),
    reason: error.reason,
    requestId: request.id,
    ...(error.fields.length > 0 && { errors: error.fields }),
  }
}

/** Log an error once, here where it is handled. The stack of a client's failure adds nothing to its message. */
function logError(error: AppError, request: FastifyRequest, status: number) {
  const { reason, cause, message: detail } = error
  if (status === 500) request.log.error({ reason, err: cause ?? error }, 'request failed because of a bug')
  else if (status > 500 && cause) request.log.warn({ reason, detail, cause: String(cause) }, 'request failed')
  else request.log.debug({ reason, detail }, 'request refused')
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Whether the `onSend` hooks of its answer have begun. */
    isSending: boolean
  }
}

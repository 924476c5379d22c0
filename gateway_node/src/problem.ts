// Renders every error as application/problem+json (RFC 9457). The only file that knows HTTP statuses of errors.
import { randomUUID } from 'node:crypto'
import { type OutgoingHttpHeaders, type Server, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import {
  type ConnectionError,
  type FastifyError,
  type FastifyHttpOptions,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify'
import fp from 'fastify-plugin'
import { type Static, Type } from 'typebox'
import type { Config } from './config.ts'
import { AppError, type Kind, type Reason } from './errors.ts'
import { isTooDeep, maxDepth } from './json-depth.ts'
import { compileValidator, toFieldErrors } from './validation.ts'

const bodyLimitBytes = 64 * 1024
const requestIdPattern = /^[\w.:-]{1,128}$/

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

export function serverOptions(config: Config): FastifyHttpOptions<Server> {
  return {
    logger: { level: config.logLevel },
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    // Fastify's own 503 isn't a problem document; a request that still gets in is answered, and its connection closed.
    return503OnClosing: false,
    bodyLimit: bodyLimitBytes,
    requestTimeout: config.requestMs,
    keepAliveTimeout: config.keepAliveMs,
    connectionTimeout: config.stalledMs,
    http: { headersTimeout: config.headersMs, connectionsCheckingInterval: Math.ceil(config.headersMs / 2) },
    clientErrorHandler: refuseConnection,
    trustProxy: config.trustedProxies.length > 0 && config.trustedProxies,
    genReqId: ({ headers }) => {
      const given = headers['x-request-id']
      return typeof given === 'string' && requestIdPattern.test(given) ? given : randomUUID()
    },
    routerOptions: { maxParamLength: 1000 },
    frameworkErrors: (error, request, reply) => sendProblem(error, request, reply),
  }
}

export const problemPlugin = fp(
  async (app) => {
    app.setValidatorCompiler(compileValidator)
    app.setErrorHandler(sendProblem)
    parseBodies(app)
    app.setNotFoundHandler((request) => {
      throw new AppError('ROUTE_UNKNOWN', `No route ${request.method} ${pathOf(request)}. See /openapi.json.`)
    })
    app.addHook('onRoute', (route) => {
      if (route.schema?.hide || !route.url.startsWith('/v1/')) return
      route.schema = { ...route.schema, response: { ...(route.schema?.response ?? {}), default: problemResponse } }
    })
  },
  { name: 'problem' },
)

/** JSON and nothing else, without the names by which an object's prototype is reached, and not too deep. */
function parseBodies(app: FastifyInstance) {
  const parseJson = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, text, done) =>
    parseJson(request, text, (error, body) => {
      if (error || !isTooDeep(body)) return done(error, body)
      done(new AppError('REQUEST_INVALID', `The body nests deeper than ${maxDepth} levels.`))
    }),
  )
}

function sendProblem(thrown: unknown, request: FastifyRequest, reply: FastifyReply) {
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

/** Past Fastify's hooks and serialisers: for when there is no time for more. */
export function writeProblem(error: AppError, request: FastifyRequest, reply: FastifyReply) {
  const status = statusOf(error)
  const body = JSON.stringify(toProblem(error, status, request))
  reply.hijack()
  reply.raw.writeHead(status, {
    ...(reply.getHeaders() as OutgoingHttpHeaders),
    'content-type': 'application/problem+json',
    'content-length': Buffer.byteLength(body),
    'retry-after': String(error.retryAfterSeconds ?? 1),
    'x-request-id': request.id,
  })
  reply.raw.end(body)
}

const statusOf = ({ reason, kind }: AppError) => statusOfReason[reason] ?? statusOfKind[kind]

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

/** What Node refuses before there is a request, by its code. */
const refusals: Record<string, [status: number, detail: string]> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request took too long to arrive.'],
  HPE_HEADER_OVERFLOW: [431, 'The headers are too large.'],
}

function refuseConnection({ code }: ConnectionError, socket: Socket) {
  if (code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const [status, detail] = refusals[code] ?? [400, 'What came is no request of HTTP 1.1.']
  const problem = toProblem(new AppError('REQUEST_INVALID', detail), status, { url: '', id: randomUUID() })
  const body = JSON.stringify(problem)
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: application/problem+json`
  socket.write(`${head}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
  socket.destroySoon()
}

type Asked = Pick<FastifyRequest, 'url' | 'id'>

function toProblem(error: AppError, status: number, request: Asked): Static<typeof Problem> {
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

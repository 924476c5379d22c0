// The HTTP server and Fastify's options: timeouts, known upgrades, and the limit of requests of each connection and in all.
import { randomUUID } from 'node:crypto'
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http'
import type { Socket } from 'node:net'
import { type ConnectionError, type FastifyHttpOptions, type FastifyRequest, LogController } from 'fastify'
import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import { bodyLimitBytes } from './bodies.ts'
import { isFull, type Load, overloaded } from './load-shedding.ts'
import { sendProblem, toProblem, writeProblem } from './problem.ts'

const requestIdPattern = /^[\w.:-]{1,128}$/
const probePattern = /^(GET|HEAD) \/(healthz|readyz)(\?|$)/
/** The requests that one connection may have in progress. HTTP/1.1 allows pipelining; browsers and proxies don't use it. */
const maxUnanswered = 16

/** Return Fastify's options, with a server that refuses what exceeds `load` before Fastify sees it. */
export function serverOptions(config: Config, load: Load): FastifyHttpOptions<Server> {
  return {
    logger: { level: config.logLevel },
    logController: new ErrorLog(),
    // Fastify's own 503 isn't a problem document. The gateway answers a request that still arrives, and closes its connection.
    return503OnClosing: false,
    bodyLimit: bodyLimitBytes,
    serverFactory: (handle) => createGatewayServer(limitRequests(handle, load), config),
    clientErrorHandler: refuseConnection,
    trustProxy: config.trustedProxies.length > 0 && config.trustedProxies,
    genReqId: ({ headers }) => requestIdOf(headers),
    routerOptions: { maxParamLength: 1000 },
    frameworkErrors: (error, request, reply) => sendProblem(error, request, reply),
  }
}

/** Logs the errors of answers that Fastify handles itself. Fastify's own log lines would hold the query, in which some clients put tokens. */
class ErrorLog extends LogController {
  constructor() {
    super({ disableRequestLogging: true, requestIdLogLabel: 'requestId' })
  }

  /** A hook failed while an error was sent. */
  override defaultErrorLog(error: NodeJS.ErrnoException, { log }: FastifyRequest): void {
    log.error({ err: error }, 'answer failed because of a bug')
  }

  /** A stream failed after its headers were sent, so the client sees a broken connection and no problem. */
  override streamError(error: NodeJS.ErrnoException, { log }: FastifyRequest): void {
    if (error.code === 'ERR_STREAM_PREMATURE_CLOSE') log.debug('client left before the end of its answer')
    else log.warn({ err: error }, 'answer broken off')
  }
}

function createGatewayServer(handle: RequestListener, config: Config): Server {
  const options = {
    requestTimeout: config.requestMs,
    keepAliveTimeout: config.keepAliveMs,
    headersTimeout: config.headersMs,
    connectionsCheckingInterval: Math.ceil(config.headersMs / 2),
    shouldUpgradeCallback: isWebSocketUpgrade,
  }
  const server = createServer(options, handle).setTimeout(config.stalledMs)
  // Node itself would answer an unknown `Expect` with 417, past all limits. HTTP lets a server ignore the header.
  return server.on('checkExpectation', handle)
}

/** A server answers a request for an unknown upgrade like any other (RFC 9110). `curl --http2` sends one, for h2c. */
function isWebSocketUpgrade({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket'
}

/** Refuse requests over the limits. Node emits all requests of one chunk at once, even if the connection was closed in between. */
function limitRequests(handle: RequestListener, load: Load): RequestListener {
  const unanswered = new WeakMap<Socket, number>()
  return (request, response) => {
    const { socket } = request
    if (socket.destroyed) return
    const count = (unanswered.get(socket) ?? 0) + 1
    if (count > maxUnanswered) return void socket.destroy()
    unanswered.set(socket, count)
    response.once('close', () => unanswered.set(socket, (unanswered.get(socket) ?? 1) - 1))
    if (isFull(load) && !isProbe(request)) refuse(request, response, load)
    else handle(request, response)
  }
}

const isProbe = ({ method, url }: IncomingMessage) => probePattern.test(`${method} ${url}`)

/** Answer 429 without Fastify, whose hooks would take longer than the refusal itself. */
function refuse({ url = '', headers }: IncomingMessage, response: ServerResponse, load: Load): void {
  load.refused += 1
  writeProblem(overloaded, { url, id: requestIdOf(headers) }, response)
}

function requestIdOf({ 'x-request-id': given }: IncomingHttpHeaders): string {
  return typeof given === 'string' && requestIdPattern.test(given) ? given : randomUUID()
}

/** The answers to input that Node can't read as a request, by Node's error code. */
const refusals: Record<string, [status: number, detail: string]> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request took too long to arrive.'],
  HPE_HEADER_OVERFLOW: [431, 'The headers are too large.'],
}

function refuseConnection({ code }: ConnectionError, socket: Socket) {
  if (code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const [status, detail] = refusals[code] ?? [400, 'The bytes are not an HTTP/1.1 request.']
  const problem = toProblem(new AppError('REQUEST_INVALID', detail), status, { url: '', id: randomUUID() })
  const body = JSON.stringify(problem)
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: application/problem+json`
  socket.write(`${head}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
  socket.destroySoon()
}

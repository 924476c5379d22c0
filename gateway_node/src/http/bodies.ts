// Reads bodies: JSON and nothing else, within bounds that are checked before any schema is.
import type { FastifyInstance, FastifyRequest, preParsingHookHandler } from 'fastify'
import { AppError } from '../errors.ts'
import { isTooDeep, isTooWide, maxDepth } from './json-bounds.ts'

export const bodyLimitBytes = 64 * 1024
/** Of all levels together. */
const maxFields = 128
/** Each piece of a body costs time and memory of its own, however small it is: a client that sends single bytes costs more than a thousand others. */
const maxPieces = 1024
const shownLength = 50

/** A route that reads no body accepts an empty one, whatever its type: clients send one with a header that they always set. */
export function parseBodies(app: FastifyInstance) {
  // Without the names by which an object's prototype is reached.
  const parseJson = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addHook('preParsing', refuseEncoding)
  app.addHook('preParsing', boundPieces)
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, text, done) => {
    if (text === '' && !readsBody(request)) return done(null, undefined)
    parseJson(request, text, (error, body) => done(error ?? findExcess(body), body))
  })
  app.addContentTypeParser('*', (request, _body, done) => {
    if (request.headers['content-length'] === '0' && !readsBody(request)) return done(null, undefined)
    done(refuseType(`of type ${show(request.headers['content-type'] ?? 'unknown')}`, 'Send application/json'))
  })
}

const readsBody = ({ routeOptions }: FastifyRequest) => routeOptions.schema?.body !== undefined

/** Bodies aren't unpacked: a small one could become a thousand times as large. */
const refuseEncoding: preParsingHookHandler = ({ headers }, reply, body, done) => {
  const encoding = headers['content-encoding']
  const isEmpty = headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0
  if (isEmpty || encoding === undefined || encoding.toLowerCase() === 'identity') return done(null, body)
  reply.header('accept-encoding', 'identity')
  done(refuseType(`encoded with ${show(encoding)}`, 'Send it without Content-Encoding'))
}

/** Cuts the connection: reading on to answer would cost what the bound saves. */
const boundPieces: preParsingHookHandler = ({ raw, headers }, _reply, body, done) => {
  if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) return done(null, body)
  let pieces = 0
  raw.on('data', () => {
    pieces += 1
    if (pieces > maxPieces) raw.destroy()
  })
  // A listener lets the body flow. It waits for the parser.
  raw.pause()
  done(null, body)
}

const refuseType = (what: string, todo: string) =>
  new AppError('MEDIA_TYPE_UNSUPPORTED', `The body is ${what}, which isn't read here. ${todo}.`)

const show = (text: string) => text.slice(0, shownLength)

/** The number comes first, as the look at thousands of fields takes longer than their count. */
function findExcess(body: unknown): AppError | null {
  if (isTooWide(body, maxFields))
    return new AppError('REQUEST_INVALID', `The body has more than ${maxFields} fields in all.`)
  if (isTooDeep(body)) return new AppError('REQUEST_INVALID', `The body nests deeper than ${maxDepth} levels.`)
  return null
}

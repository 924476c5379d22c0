// Parses request bodies: only JSON, within limits that are checked before any schema is.
import type { FastifyInstance, FastifyRequest, preParsingHookHandler } from 'fastify'
import { AppError } from '../errors.ts'
import { isTooDeep, isTooWide, maxDepth } from './json-bounds.ts'

export const bodyLimitBytes = 64 * 1024
/** At all levels together. */
const maxFields = 128
/** The most chunks or packets of a body. Each costs time and memory, however small: a client that sends single bytes costs more than 1,000 others. */
const maxPieces = 1024
const shownLength = 50

/** Register the parsers. A route without a body schema accepts an empty body of any type, because some clients always set a Content-Type. */
export function parseBodies(app: FastifyInstance) {
  // `error` refuses the names `__proto__` and `constructor`, by which a body could reach an object's prototype.
  const parseJson = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addHook('preParsing', refuseEncoding)
  app.addHook('preParsing', limitPieces)
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

/** Refuse compressed bodies: a small one could become a thousand times as large. */
const refuseEncoding: preParsingHookHandler = ({ headers }, reply, body, done) => {
  const encoding = headers['content-encoding']
  const isEmpty = headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0
  if (isEmpty || encoding === undefined || encoding.toLowerCase() === 'identity') return done(null, body)
  reply.header('accept-encoding', 'identity')
  done(refuseType(`encoded with ${show(encoding)}`, 'Send it without Content-Encoding'))
}

/** Close the connection of a body in too many pieces. To answer, the gateway would have to read on, which is what the limit saves. */
const limitPieces: preParsingHookHandler = ({ raw, headers }, _reply, body, done) => {
  if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) return done(null, body)
  let pieces = 0
  raw.on('data', () => {
    pieces += 1
    if (pieces > maxPieces) raw.destroy()
  })
  // The listener has started the flow of the body. Pause it until the parser reads.
  raw.pause()
  done(null, body)
}

const refuseType = (what: string, todo: string) =>
  new AppError('MEDIA_TYPE_UNSUPPORTED', `The body is ${what}, which the gateway doesn't read. ${todo}.`)

const show = (text: string) => text.slice(0, shownLength)

/** Check the number of fields first, because walking through thousands of fields takes longer than counting them. */
function findExcess(body: unknown): AppError | null {
  if (isTooWide(body, maxFields))
    return new AppError('REQUEST_INVALID', `The body has more than ${maxFields} fields in all.`)
  if (isTooDeep(body)) return new AppError('REQUEST_INVALID', `The body nests deeper than ${maxDepth} levels.`)
  return null
}

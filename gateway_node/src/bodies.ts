// What a body may be: JSON and nothing else, within bounds that are checked before any schema is.
import type { FastifyInstance } from 'fastify'
import { AppError } from './errors.ts'
import { isTooDeep, maxDepth } from './json-depth.ts'

export const bodyLimitBytes = 64 * 1024

/** JSON and nothing else, without the names by which an object's prototype is reached, and not too deep. */
export function parseBodies(app: FastifyInstance) {
  const parseJson = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, text, done) =>
    parseJson(request, text, (error, body) => {
      if (error || !isTooDeep(body)) return done(error, body)
      done(new AppError('REQUEST_INVALID', `The body nests deeper than ${maxDepth} levels.`))
    }),
  )
}

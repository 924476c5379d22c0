// Logs the errors of answers that Fastify handles itself. Its own log lines would hold the query, in which some clients put tokens.
import { type FastifyRequest, LogController } from 'fastify'

export class ErrorLog extends LogController {
  constructor() {
    super({ disableRequestLogging: true, requestIdLogLabel: 'requestId' })
  }

  /** A hook failed while an error was sent. */
  override defaultErrorLog(error: NodeJS.ErrnoException, { log }: FastifyRequest): void {
    log.error({ err: error }, 'answer failed by a bug')
  }

  /** A stream failed after its headers were sent, so the client sees a broken connection and no problem. */
  override streamError(error: NodeJS.ErrnoException, { log }: FastifyRequest): void {
    if (error.code === 'ERR_STREAM_PREMATURE_CLOSE') log.debug('client left before the end of its answer')
    else log.warn({ err: error }, 'answer broken off')
  }
}

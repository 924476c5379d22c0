// Reads a job's result file as a stream of bytes with backpressure: the client reads no further than the body takes.
import { Readable } from 'node:stream'
import type { ClientReadableStream, ServiceError } from '@grpc/grpc-js'
import { AppError } from '../../errors.ts'
import type { JobServiceClient, ReadResultResponse } from '../../gen/whynotboth/v1/jobs.ts'
import { toMetadata } from './channel.ts'
import { requireValue } from './messages.ts'
import type { Call, ResultFile } from './recommender.ts'
import { toAppError } from './status-map.ts'

/** Ends a transfer whose reader has stalled. */
const transferDeadlineMs = 10 * 60 * 1000

export async function readResult(client: JobServiceClient, jobId: string, call: Call): Promise<ResultFile> {
  const stream = client.readResult({ jobId }, toMetadata(call), { deadline: Date.now() + transferDeadlineMs })
  const parts = stream[Symbol.asyncIterator]() as AsyncIterator<ReadResultResponse>
  const header = await readHeader(stream, parts, call)
  const body = Readable.from(readChunks(parts), { objectMode: false })
  body.on('close', () => stream.cancel())
  return { header, body }
}

async function readHeader(
  stream: ClientReadableStream<ReadResultResponse>,
  parts: AsyncIterator<ReadResultResponse>,
  call: Call,
) {
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    stream.cancel()
  }, call.expiresAt - performance.now())
  try {
    const { value } = await parts.next()
    const part = requireValue((value as ReadResultResponse | undefined)?.part, 'a header')
    if (part.$case !== 'header') throw new AppError('UPSTREAM_FAILED', 'The recommender sent a file without a header.')
    return part.header
  } catch (error) {
    stream.cancel()
    if (isLate) throw new AppError('DEADLINE_EXCEEDED', undefined, { cause: error })
    throw error instanceof AppError ? error : toAppError(error as ServiceError)
  } finally {
    clearTimeout(timer)
  }
}

async function* readChunks(parts: AsyncIterator<ReadResultResponse>): AsyncGenerator<Uint8Array> {
  for (;;) {
    const { value, done } = await parts.next().catch((error) => {
      throw toAppError(error)
    })
    if (done) return
    if (value.part?.$case === 'chunk') yield value.part.chunk
  }
}

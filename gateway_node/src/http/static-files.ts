// Static files for browsers: each is read and compressed once, on its first request, and then served from memory.
// So a burst of requests can't exhaust the file handles, and no file is compressed twice.
import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import { Negotiator } from '@fastify/accept-negotiator'
import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify'

const mediaTypes: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
}
const brotliQuality = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }
const encodings = ['br', 'gzip'] as const

type Encoding = (typeof encodings)[number]
type Content = { etag: string; plain: Buffer } & Record<Encoding, Buffer>
export type StaticFile = { mediaType: string; load: () => Promise<Content> }

/** Describe a file without reading it yet. A file with none of the endings above is served as application/octet-stream. */
export function openStaticFile(path: string): StaticFile {
  let content: Promise<Content> | undefined
  const load = () => {
    content ??= readContent(path).catch((error) => {
      // The next request reads it again: the process may have been out of file handles.
      content = undefined
      throw error
    })
    return content
  }
  return { mediaType: mediaTypes[extname(path)] ?? 'application/octet-stream', load }
}

/** Return the pages, styles, scripts and images of a folder and its subfolders, by their path below the folder, with slashes. */
export function openStaticFolder(folder: string): Map<string, StaticFile> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => extname(name) in mediaTypes)
  return new Map(names.map((name) => [name.replaceAll('\\', '/'), openStaticFile(join(folder, name))]))
}

const negotiator = new Negotiator({ supportedValues: [...encodings] })

/** Return the handler of a route that ends in `*`. All files share one route, so that metrics by route stay few. */
export function createFilesHandler(files: ReadonlyMap<string, StaticFile>): RouteHandlerMethod {
  return (request, reply) => {
    const file = files.get((request.params as { '*': string })['*'])
    return file === undefined ? reply.callNotFound() : sendFile(file, request, reply)
  }
}

/** Answers with the file, or with 304 if the browser has it already. The browser asks each time (`no-cache`), so it shows a new version at once. */
async function sendFile(file: StaticFile, request: FastifyRequest, reply: FastifyReply) {
  const { etag, ...bodies } = await file.load()
  reply.headers({ etag, 'cache-control': 'no-cache', vary: 'accept-encoding' })
  if (hasTag(request.headers['if-none-match'], etag)) return reply.code(304).send()
  const encoding = negotiator.negotiate(String(request.headers['accept-encoding'] ?? '')) as Encoding | null
  if (encoding !== null) reply.header('content-encoding', encoding)
  return reply.type(file.mediaType).send(bodies[encoding ?? 'plain'])
}

async function readContent(path: string): Promise<Content> {
  const plain = await readFile(path)
  const [br, zipped] = await Promise.all([promisify(brotliCompress)(plain, brotliQuality), promisify(gzip)(plain)])
  // Weak, as the same file in another encoding has other bytes.
  const etag = `W/"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`
  return { etag, plain, br, gzip: zipped }
}

function hasTag(ifNoneMatch: string | undefined, etag: string): boolean {
  const tags = ifNoneMatch?.split(',').map((tag) => tag.trim()) ?? []
  return tags.includes(etag) || tags.includes('*')
}

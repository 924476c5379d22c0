// Derives the id of what a request creates from its Idempotency-Key, so that a repeated request creates nothing new.
import { createHash, randomUUID } from 'node:crypto'

/** A fixed UUID (RFC 9562, version 5). Don't change it: requests that are repeated during the change would create things twice. */
const namespace = Buffer.from('5a9c1d0e7f6b4c3d8e2f1a0b9c8d7e6f', 'hex')

/** Return a UUID of subject, route and key, so that equal keys of other subjects or routes don't collide. Without a key, return a random one. */
export function deriveId(subject: string, route: string, idempotencyKey: string | undefined): string {
  if (idempotencyKey === undefined) return randomUUID()
  const digest = createHash('sha1').update(namespace).update(`${subject}\n${route}\n${idempotencyKey}`).digest()
  digest[6] = (digest.readUInt8(6) & 0x0f) | 0x50
  digest[8] = (digest.readUInt8(8) & 0x3f) | 0x80
  return digest.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

// The id of what a request makes: derived from its Idempotency-Key where it has one, so that asking again makes the same thing again.
import { createHash, randomUUID } from 'node:crypto'

/** Any fixed UUID would do (RFC 9562, version 5); another one would forget the keys in flight. */
const namespace = Buffer.from('5a9c1d0e7f6b4c3d8e2f1a0b9c8d7e6f', 'hex')

/** Keys of different subjects or routes never meet. */
export function deriveId(subject: string, route: string, idempotencyKey: string | undefined): string {
  if (idempotencyKey === undefined) return randomUUID()
  const digest = createHash('sha1').update(namespace).update(`${subject}\n${route}\n${idempotencyKey}`).digest()
  digest[6] = (digest.readUInt8(6) & 0x0f) | 0x50
  digest[8] = (digest.readUInt8(8) & 0x3f) | 0x80
  return digest.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

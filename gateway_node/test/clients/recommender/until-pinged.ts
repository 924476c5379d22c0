import { once } from 'node:events'
import { createServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'

/** Open a connection by `connect`, and resolve when it is pinged. The next ping of each older connection with the same keepalive was due before. */
export async function untilPinged(t: TestContext, connect: (port: number) => void): Promise<void> {
  const witness = createServer()
  t.after(() => witness.close())
  const pinged = once(witness, 'session').then(([session]) => once(session, 'ping'))
  await once(witness.listen(0, '127.0.0.1'), 'listening')
  connect((witness.address() as AddressInfo).port)
  await pinged
}

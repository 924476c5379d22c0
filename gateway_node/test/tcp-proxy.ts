// A TCP proxy that a test can cut, freeze and repair.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export async function startProxy(target: { host: string; port: number }) {
  const sockets = new Set<Socket>()
  let isCut = false
  let accepted = 0

  const server = createServer((client) => {
    accepted += 1
    if (isCut) return client.destroy()
    const upstream = connect(target)
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
      socket.pipe(other)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  const cut = () => {
    isCut = true
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: (server.address() as AddressInfo).port,
    /** The number of accepted connections so far. */
    get accepted() {
      return accepted
    },
    cut,
    /** Keep the connections, but pass nothing on. */
    freeze: () => {
      for (const socket of sockets) socket.pause()
    },
    mend: () => {
      isCut = false
    },
    stop: () => {
      cut()
      server.close()
    },
  }
}

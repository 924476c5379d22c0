// HTTP and WebSockets in Node: `node sockets-server.ts PORT [EXTRA_KB]`. Each connection holds EXTRA_KB more, which the short form plants.
import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'

const [port = 0, extraKb = 0] = process.argv.slice(2).map(Number)
const held = new Set<Buffer>()

const server = createServer((_request, response) => response.end('{}'))
server.keepAliveTimeout = 60_000
server.on('connection', () => {
  if (extraKb > 0) held.add(Buffer.alloc(extraKb * 1024, 1))
})
new WebSocketServer({ server })
server.listen({ host: '127.0.0.1', port, backlog: 1024 })

// The service that all tasks wait for: answers each byte after WAIT_MS. `node waiting-server.ts PORT WAIT_MS`.
import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:net'

const [port = 0, waitMs = 0] = process.argv.slice(2).map(Number)

const server = createServer({ noDelay: true }, (socket) => {
  socket.on('data', () => setTimeout(() => socket.write('!'), waitMs))
  socket.on('error', () => socket.destroy())
})
server.listen({ host: '127.0.0.1', port: port + 1, backlog: 4096 })

createHttpServer((_request, response) => response.end()).listen(port, '127.0.0.1')

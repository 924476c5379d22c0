// Bare `ws`: sends one text to every socket for each POST. `node fan-out.ts PORT TEXT_FILE`.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'

const [port = '', textFile = ''] = process.argv.slice(2)
const text = readFileSync(textFile, 'utf8')

const server = createServer((request, response) => {
  if (request.method === 'POST') for (const socket of sockets.clients) socket.send(text)
  response.end('{}')
})
const sockets = new WebSocketServer({ server })
server.listen(Number(port), '127.0.0.1')

// HTTP over keep-alive connections. An answer that takes longer than `timeoutMs` counts as failed.
import { Agent, request } from 'node:http'
import type { TrafficRequest } from './traffic.ts'

const timeoutMs = 5000
const agent = new Agent({ keepAlive: true, maxSockets: 256 })

/** Sends a request and resolves with the whole body. Rejects unless the answer is a success. */
export function ask(url: URL, { method, path, body, token }: TrafficRequest): Promise<string> {
  const type = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
  const headers = { authorization: `Bearer ${token}`, ...(body !== '' && type) }
  return new Promise((resolve, reject) => {
    const { hostname, port } = url
    const outgoing = request({ agent, hostname, port, method, path, headers, timeout: timeoutMs }, (answer) => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (chunk) => {
        text += chunk
      })
      answer.on('end', () => ((answer.statusCode ?? 500) < 300 ? resolve(text) : reject(new Error(text))))
    })
    outgoing.on('timeout', () => outgoing.destroy(new Error(`No answer within ${timeoutMs} ms`)))
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

export function hangUp() {
  agent.destroy()
}

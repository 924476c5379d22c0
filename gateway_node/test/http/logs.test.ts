// Secrets that clients send are in no log line, at any level.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { WebSocket } from 'ws'
import { nowhere, start } from '../gateway-process.ts'

const password = 'password-of-the-broker'
const email = 'ada@example.org'

async function open(t: TestContext) {
  const quick = { GATEWAY_RECOMMENDER_DEADLINE_MS: '200', GATEWAY_CONFIRM_TIMEOUT_MS: '100', GATEWAY_DRAIN_MS: '0' }
  const environment = { ...nowhere, ...quick, LOG_LEVEL: 'debug', AMQP_URL: `amqp://gateway:${password}@127.0.0.1:1/` }
  const gateway = start(t, environment)
  const { msg } = await gateway.said('Server listening')
  return { ...gateway, address: /http:\/\/\S+/.exec(msg)?.[0] ?? '' }
}

async function signIn(address: string, userId: string): Promise<string> {
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(`${address}/v1/sessions`, { method: 'POST', headers, body: JSON.stringify({ userId }) })
  return ((await answer.json()) as { token: string }).token
}

/** Send requests that succeed, fail and are refused, with each way to send a token or a body. */
async function useEverything(address: string, token: string, forged: string): Promise<void> {
  const bearing = (bearer: string) => ({ authorization: `Bearer ${bearer}`, 'content-type': 'application/json' })
  const body = JSON.stringify({ userId: '1', itemId: email, rating: 4 })
  await fetch(`${address}/v1/stats`, { headers: bearing(token) })
  await fetch(`${address}/v1/stats`, { headers: bearing(forged) })
  await fetch(`${address}/v1/stats?access_token=${token}`)
  await fetch(`${address}/v1/nothing?access_token=${token}`)
  await fetch(`${address}/v1/users/1/recommendations`, { headers: bearing(token) })
  await fetch(`${address}/v1/interactions`, { method: 'POST', headers: bearing(token), body })
  await fetch(`${address}/v1/interactions`, { method: 'POST', headers: bearing(token), body: `{"email": "${email}"` })
  for (const hello of [token, forged]) await greet(address, hello)
}

async function greet(address: string, token: string): Promise<void> {
  const socket = new WebSocket(`${address.replace('http', 'ws')}/v1/live?token=${token}`)
  await once(socket, 'open')
  socket.send(JSON.stringify({ type: 'hello', token }))
  await once(socket, 'message')
  socket.close()
}

test('no token, password or body is in the log', async (t) => {
  const { child, address, lines, exited } = await open(t)
  const token = await signIn(address, '1')
  const forged = `${token.slice(0, -8)}AAAAAAAA`

  await useEverything(address, token, forged)

  child.kill('SIGTERM')
  await exited
  const text = lines.map((line) => line.text).join('\n')
  const secrets = [password, email, ...[token, forged].flatMap((one) => one.split('.').slice(1))]
  assert.ok(text.includes('request refused') && text.includes('request answered'))
  assert.deepEqual(
    secrets.filter((secret) => text.includes(secret)),
    [],
  )
})

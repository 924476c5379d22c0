// Start and stop of the process, without broker and recommender.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { findLine, nowhere, start } from './gateway-process.ts'

test('without broker and recommender the gateway starts, logs it and answers', async (t) => {
  const { said } = start(t, nowhere)

  const { msg } = await said('Server listening')
  await said('broker not reached')
  const address = /http:\/\/\S+/.exec(msg)?.[0]
  const alive = await fetch(`${address}/healthz`)

  assert.equal(alive.status, 200)
})

test('SIGTERM ends the gateway with 0', async (t) => {
  const { child, said, exited } = start(t, nowhere)
  await said('Server listening')

  child.kill('SIGTERM')

  assert.equal(await exited, 0)
  await said('gateway stops')
})

test('a second signal ends the gateway at once', async (t) => {
  const { child, said, exited } = start(t, { ...nowhere, GATEWAY_DRAIN_MS: '500000', GATEWAY_SHUTDOWN_MS: '600000' })
  await said('Server listening')
  child.kill('SIGTERM')
  await said('gateway stops')

  child.kill('SIGTERM')

  assert.equal(await exited, 1)
  await said('gateway stopped by a second signal')
})

test("connections without a request don't delay the stop", async (t) => {
  const { child, said, exited } = start(t, { ...nowhere, GATEWAY_DRAIN_MS: '0' })
  const { msg } = await said('Server listening')
  const silent = connect(Number(/:(\d+)$/.exec(msg)?.[1]), '127.0.0.1')
  await once(silent, 'connect')

  child.kill('SIGTERM')

  assert.equal(await exited, 0)
})

test('an unusable configuration ends the start with 1 and names the variable', async (t) => {
  const { lines, exited } = start(t, { ...nowhere, GATEWAY_PORT: 'x' })

  assert.equal(await exited, 1)
  assert.match(findLine(lines, 'gateway could not start').err?.message ?? '', /GATEWAY_PORT/)
})

test('a taken port ends the start with 1 and names the variable', async (t) => {
  const first = start(t, nowhere)
  const { msg } = await first.said('Server listening')
  const port = /:(\d+)$/.exec(msg)?.[1] ?? ''

  const second = start(t, { ...nowhere, GATEWAY_PORT: port })

  assert.equal(await second.exited, 1)
  assert.match(findLine(second.lines, 'gateway could not start').err?.message ?? '', /GATEWAY_PORT/)
})

test("a gateway without sign-in settings doesn't start, and says what to set", async (t) => {
  const { lines, exited } = start(t, { ...nowhere, GATEWAY_DEMO: 'false' })

  assert.equal(await exited, 1)
  const message = findLine(lines, 'gateway could not start').err?.message ?? ''
  assert.match(message, /GATEWAY_JWKS_URL/)
  assert.match(message, /GATEWAY_DEMO=true/)
})

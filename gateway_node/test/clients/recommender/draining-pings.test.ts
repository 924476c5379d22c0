// The workaround for pings on a draining connection is needed for as long as the first test passes. This file must not import channel.ts, which
// installs the workaround for the whole process.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { credentials, type ServiceError } from '@grpc/grpc-js'
import { keepDrainingCalls } from '../../../src/clients/recommender/draining-pings.ts'
import { JobServiceClient, type ListDeadLettersResponse } from '../../../src/gen/whynotboth/v1/jobs.ts'
import { RecommenderServer } from './recommender-server.ts'
import { untilPinged } from './until-pinged.ts'

const keepalive = { 'grpc.keepalive_time_ms': 200, 'grpc.keepalive_permit_without_calls': 1 }

function openClient(t: TestContext, port: number) {
  const client = new JobServiceClient(`127.0.0.1:${port}`, credentials.createInsecure(), keepalive)
  t.after(() => client.close())
  return client
}

/** Start a call, drain the server, and let the server answer after the connection's next ping was due. Return the call's outcome. */
async function callWhileDraining(t: TestContext): Promise<ServiceError | ListDeadLettersResponse> {
  const server = new RecommenderServer()
  await server.start()
  t.after(() => server.stop())
  const release = server.hold()
  const client = openClient(t, server.port)
  const outcome = new Promise<ServiceError | ListDeadLettersResponse>((resolve) => {
    client.listDeadLetters({ pageSize: 1, pageToken: '' }, (error, response) => resolve(error ?? response))
  })
  await t.waitFor(() => assert.ok(server.lastDeadline), { timeout: 20_000, interval: 1 })
  void server.drain()
  await Promise.race([outcome, untilPinged(t, (port) => openClient(t, port).getChannel().getConnectivityState(true))])
  release()
  return outcome
}

test('grpc-js still drops a call that a draining server is answering', async (t) => {
  const outcome = await callWhileDraining(t)

  assert.ok(
    outcome instanceof Error,
    'grpc-js now keeps the calls of a draining connection. Remove src/clients/recommender/draining-pings.ts and this file.',
  )
})

test('with the workaround, the call is answered', async (t) => {
  keepDrainingCalls()

  const outcome = await callWhileDraining(t)

  assert.ok(!(outcome instanceof Error), String(outcome))
})

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { callUnary, openChannel } from '../../../src/clients/recommender/channel.ts'
import { RecommenderServer } from './recommender-server.ts'
import { call } from './recommender-suite.ts'
import { untilPinged } from './until-pinged.ts'

/** Call a recommender without breaker and batches. `fake.calls` has each attempt. */
async function openCalls(t: TestContext) {
  const server = new RecommenderServer()
  await server.start()
  const { channel, recommender, jobs } = openChannel(`127.0.0.1:${server.port}`, () => {})
  t.after(() => {
    channel.close()
    server.stop()
  })
  const ask = (given = call) => callUnary(recommender.getItem.bind(recommender), { itemId: '1' }, given)
  /** A call that is never retried. */
  const askOnce = () => callUnary(jobs.listDeadLetters.bind(jobs), { pageSize: 1, pageToken: '' }, call)
  return { ask, askOnce, server, fake: server.fake }
}

function connect(t: TestContext, port: number) {
  const { channel } = openChannel(`127.0.0.1:${port}`, () => {})
  t.after(() => channel.close())
  channel.getConnectivityState(true)
}

/** Set environment variables for this test, and restore them afterwards. */
function setVariables(t: TestContext, variables: Record<string, string>) {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const)
  Object.assign(process.env, variables)
  t.after(() => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  })
}

const range = (length: number) => Array.from({ length }, (_, index) => index)

test('an unanswered attempt is retried', async (t) => {
  const { ask, fake } = await openCalls(t)
  fake.fail('RECOMMENDER_UNAVAILABLE')

  const asking = ask()
  await t.waitFor(() => assert.equal(fake.calls.length, 1), { timeout: 20_000, interval: 1 })
  fake.fail(null)

  assert.equal((await asking).item?.itemId, '1')
  assert.equal(fake.calls.length, 2)
})

test('while every attempt fails, retries add no more than a tenth to the load', async (t) => {
  const { ask, fake } = await openCalls(t)
  fake.fail('RECOMMENDER_UNAVAILABLE')
  const calls = 200

  for (let count = 0; count < calls; count += 4) await Promise.all(range(4).map(() => assert.rejects(ask())))

  assert.ok(fake.calls.length > calls, 'it has tried again')
  assert.ok(fake.calls.length <= 1.1 * calls, `${fake.calls.length} attempts for ${calls} calls`)
})

for (const reason of ['RECOMMENDER_OVERLOADED', 'ITEM_UNKNOWN'] as const)
  test(`${reason} is an answer and isn't retried`, async (t) => {
    const { ask, fake } = await openCalls(t)
    fake.fail(reason)

    await assert.rejects(ask(), { reason })

    assert.equal(fake.calls.length, 1)
  })

test('no call uses a proxy of the environment', async (t) => {
  const refusesAll = 'http://127.0.0.1:9'
  setVariables(t, { grpc_proxy: refusesAll, https_proxy: refusesAll, http_proxy: refusesAll, no_proxy: '' })
  const { ask } = await openCalls(t)

  assert.equal((await ask()).item?.itemId, '1')
})

test('the recommender receives the deadline', async (t) => {
  const { ask, server } = await openCalls(t)

  await ask({ ...call, expiresAt: performance.now() + 20_000 })

  const secondsLeft = (server.lastDeadline - Date.now()) / 1000
  assert.ok(secondsLeft > 5 && secondsLeft < 25, `${secondsLeft} s`)
})

test('an expired call is not sent', async (t) => {
  const { ask, fake } = await openCalls(t)
  await ask()

  await assert.rejects(ask({ ...call, expiresAt: performance.now() - 1 }), { reason: 'DEADLINE_EXCEEDED' })

  assert.equal(fake.calls.length, 1)
})

test('a call that a draining recommender is answering is answered', async (t) => {
  const { askOnce, server } = await openCalls(t)
  const release = server.hold()
  const asking = askOnce()
  await t.waitFor(() => assert.ok(server.lastDeadline), { timeout: 20_000, interval: 1 })

  const draining = server.drain()
  await untilPinged(t, (port) => connect(t, port))
  release()

  assert.deepEqual((await asking).deadLetters, [])
  await draining
})

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { buildTestApp } from '../../../build-app.ts'
import { tokenOf } from '../../../sign-in.ts'
import { type Entry, exportRequested, jobFact } from '../../jobs/job-facts.ts'
import { type Frame, LiveClient } from '../live-client.ts'

async function open(t: TestContext, readOwnWriteMs = 20) {
  const { app, broker } = await buildTestApp(t, { GATEWAY_READ_OWN_WRITE_MS: String(readOwnWriteMs) })
  const tell = async (entry: Entry) => {
    broker.append('job-events', entry)
    await app.jobsLog.waitFor(entry.messageId, 1000)
  }
  const progress = (jobId: string, percent: number, step = '') =>
    tell(jobFact('JobProgressed', { jobId, attempt: 1, percent, step }))
  return { app, broker, tell, progress, connect: () => LiveClient.open(app) }
}

const offsetsOf = (frames: Frame[]) => frames.map(({ offset }) => offset)

test('the topic of a job begins with the job and goes on with its changes', async (t) => {
  const { tell, progress, connect } = await open(t)
  await tell(exportRequested('a'))
  const client = await connect()
  await client.subscribe('jobs/a')

  await tell(exportRequested('b'))
  await progress('a', 40)

  const [first, second] = await client.events('jobs/a', 2)
  assert.deepEqual([first?.offset, first?.data.fact, first?.data.state], [0, 'job.requested', 'queued'])
  assert.deepEqual([second?.offset, second?.data.fact, second?.data.percent], [2, 'job.progressed', 40])
})

test('the topic of all jobs begins with the newest event of each, in the order of the stream', async (t) => {
  const { tell, progress, connect } = await open(t)
  for (const jobId of ['a', 'b', 'c']) await tell(exportRequested(jobId))
  await progress('a', 10)
  const client = await connect()

  await client.subscribe('jobs')

  const events = await client.rest()
  assert.deepEqual(
    events.map(({ offset, data }) => [offset, data.jobId]),
    [
      [1, 'b'],
      [2, 'c'],
      [3, 'a'],
    ],
  )
})

test('a client that resumes gets every missed and later event once, in order', async (t) => {
  const { tell, progress, connect } = await open(t)
  await tell(exportRequested('a'))
  for (const percent of [10, 20, 30]) await progress('a', percent)
  const client = await connect()

  await client.subscribe('jobs/a', 1)
  await progress('a', 40)

  assert.deepEqual(offsetsOf(await client.events('jobs/a', 3)), [2, 3, 4])
  assert.deepEqual(await client.rest(), [])
})

test('hello resumes several topics at once', async (t) => {
  const { app, tell } = await open(t)
  for (const jobId of ['a', 'b']) await tell(exportRequested(jobId))
  const client = await LiveClient.connect(app)

  await client.greet(await tokenOf(app), { jobs: 0, 'jobs/a': 0 })
  await tell(jobFact('JobStarted', { jobId: 'a', attempt: 1 }))

  assert.deepEqual(offsetsOf(await client.events('jobs', 2)), [1, 2])
  assert.deepEqual(offsetsOf(await client.events('jobs/a', 1)), [2])
})

test('a socket resumes on another gateway by the same offset', async (t) => {
  const one = await open(t)
  const other = await open(t)
  const facts = [exportRequested('a'), jobFact('JobStarted', { jobId: 'a', attempt: 1 }), exportRequested('b')]
  for (const entry of facts) await Promise.all([one.tell(entry), other.tell(entry)])
  const before = await one.connect()
  await before.subscribe('jobs', 0)
  const { offset } = await before.event('jobs')

  const after = await other.connect()
  await after.subscribe('jobs', offset)

  const [next] = await after.events('jobs', 1)
  assert.deepEqual([offset, next?.offset, next?.data.jobId], [1, 2, 'b'])
})

test('a gateway that is behind the client reads the log first and then resumes, with no time limit', async (t) => {
  const { app, broker, tell, connect } = await open(t, 0)
  await tell(exportRequested('a'))
  const client = await connect()
  broker.disconnect()
  broker.append('job-events', exportRequested('b'))
  broker.append('job-events', exportRequested('c'))

  client.send({ type: 'subscribe', topic: 'jobs', resume: 1 })
  await t.waitFor(() => assert.ok(broker.endQuestions > 1), { interval: 5, timeout: 5000 })
  broker.reconnect()

  assert.deepEqual(offsetsOf(await client.events('jobs', 1)), [2])
  assert.equal(app.jobs.lastOffset, 2)
})

test('a subscription waits until the gateway has read the log', async (t) => {
  const { broker, tell, connect } = await open(t)
  const client = await connect()
  broker.disconnect()
  broker.replace()
  broker.disconnect()

  const subscribing = client.subscribe('jobs')
  const before = await client.rest()
  broker.reconnect()
  const { type } = await subscribing
  await tell(exportRequested('a'))

  assert.deepEqual([before, type], [[], 'ack'])
  assert.equal((await client.event('jobs')).data.jobId, 'a')
})

test('an offset of another log gets an error, then the newest event of each job', async (t) => {
  const { tell, connect } = await open(t)
  await tell(exportRequested('a'))
  const client = await connect()

  await client.subscribe('jobs', 500)

  const [error, event] = await client.rest()
  assert.deepEqual([error?.reason, error?.topic], ['RESUME_TOO_OLD', 'jobs'])
  assert.deepEqual([event?.offset, event?.data.jobId], [0, 'a'])
})

test('an offset that is no longer kept is too old', async (t) => {
  const { app, broker, tell, connect } = await open(t)
  await tell(exportRequested('a'))
  for (let percent = 0; percent < 10_001; percent += 1) {
    broker.append('job-events', jobFact('JobProgressed', { jobId: 'a', attempt: 1, percent }))
  }
  await app.jobs.waitUntil(() => app.jobs.lastOffset === 10_001, 5000)
  const client = await connect()

  await client.subscribe('jobs/a', 0)

  const [error, event, ...others] = await client.rest()
  assert.equal(error?.reason, 'RESUME_TOO_OLD')
  assert.deepEqual([event?.offset, event?.data.percent, others.length], [10_001, 10_000, 0])
})

test('a topic of an unknown job is refused', async (t) => {
  const { connect } = await open(t)
  const client = await connect()

  const answer = await client.subscribe('jobs/none')

  assert.deepEqual([answer.reason, answer.topic], ['JOB_UNKNOWN', 'jobs/none'])
})

test('a client that unsubscribed gets no further events', async (t) => {
  const { tell, connect } = await open(t)
  const client = await connect()
  await client.subscribe('jobs')

  await client.ask({ type: 'unsubscribe', topic: 'jobs' })
  await tell(exportRequested('a'))

  assert.deepEqual(await client.rest(), [])
})

test('after the broker was replaced, subscribers get an error and then the events of the new log', async (t) => {
  const { broker, tell, connect } = await open(t)
  for (const jobId of ['a', 'b']) await tell(exportRequested(jobId))
  const client = await connect()
  await client.subscribe('jobs')
  await client.events('jobs', 2)

  broker.replace()
  await tell(exportRequested('c'))

  assert.equal((await client.error()).reason, 'RESUME_TOO_OLD')
  const event = await client.event('jobs')
  assert.deepEqual([event.offset, event.data.jobId], [0, 'c'])
})

test('a client that stops reading is closed with 1013 and delays nobody', async (t) => {
  const { broker, tell, connect } = await open(t)
  await tell(exportRequested('a'))
  const [stuck, lively] = [await connect(), await connect()]
  await stuck.subscribe('jobs/a')
  await lively.subscribe('jobs/a')
  stuck.socket.pause()

  const count = 400
  for (let percent = 1; percent <= count; percent += 1) {
    broker.append('job-events', jobFact('JobProgressed', { jobId: 'a', attempt: 1, percent, step: 'x'.repeat(50_000) }))
    await lively.take(({ data }) => data?.percent === percent)
  }
  stuck.socket.resume()

  assert.equal(await stuck.closed, 1013)
  await setImmediate()
  assert.equal((await lively.ask({ type: 'ping' })).type, 'pong')
})

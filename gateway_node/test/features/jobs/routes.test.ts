import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { JobRequested } from '../../../src/gen/whynotboth/v1/jobs.ts'
import { buildTestApp } from '../../build-app.ts'
import { exportRequested, jobFact } from './job-facts.ts'
import { JobsClient } from './jobs-client.ts'

async function open(t: TestContext, environment: Record<string, string> = {}) {
  const { app, broker, recommender } = await buildTestApp(t, environment)
  const jobs = new JobsClient(app)
  const tell = async (entry: ReturnType<typeof jobFact>) => {
    broker.append('job-events', entry)
    await app.jobsLog.waitFor(entry.messageId, 1000)
  }
  return { app, broker, recommender, jobs, tell }
}

test('a requested job is published once, to queue and stream together', async (t) => {
  const { jobs, broker } = await open(t)

  const { status, headers, body } = await jobs.ask('train', { estimators: ['ease'], folds: 5 })

  const [publication, ...others] = broker.published
  assert.deepEqual([status, headers.location, body.state, others.length], [202, `/v1/jobs/${body.jobId}`, 'queued', 0])
  assert.equal(publication?.exchange, 'jobs')
  assert.equal(publication.routingKey, 'job.requested')
  assert.equal(publication.type, 'whynotboth.v1.JobRequested')
  assert.equal(publication.correlationId, body.jobId)
  assert.equal(publication.mandatory, true)
  const { params } = JobRequested.decode(publication.body)
  assert.deepEqual(params, { $case: 'train', train: { estimators: ['ease'], folds: 5, seed: undefined } })
})

test('a job can be read as soon as it is accepted', async (t) => {
  const { jobs } = await open(t)
  const { body } = await jobs.ask('export', { limit: 3 })

  const read = await jobs.get(body.jobId)

  assert.equal(read.status, 200)
  assert.deepEqual(read.body, body)
  assert.deepEqual(read.body.params, { limit: 3 })
})

test('the answer shows the job as this gateway has read it from the stream', async (t) => {
  const { jobs, broker } = await open(t)
  broker.publish = async (publication) => {
    setImmediate(() => {
      broker.append('job-events', publication)
      broker.append('job-events', jobFact('JobStarted', { jobId: publication.correlationId ?? '', attempt: 1 }))
    })
  }

  const { status, body } = await jobs.ask('train')

  assert.deepEqual([status, body.state], [202, 'running'])
})

test('a confirmed job is accepted although the stream is late', async (t) => {
  const { jobs, broker } = await open(t, { GATEWAY_READ_OWN_WRITE_MS: '1' })
  broker.publish = async () => {}

  const { status, body } = await jobs.ask('export', { limit: 7 })

  assert.deepEqual([status, body.state, body.params], [202, 'queued', { limit: 7 }])
})

const wrongParams: [string, string, unknown, RegExp][] = [
  ['of another kind', 'export', { folds: 3 }, /\/params\/folds is unknown/],
  ['out of range', 'train', { folds: 11 }, /\/params\/folds must be <= 10/],
  ['of a wrong type', 'export', { limit: '10' }, /\/params\/limit must be integer/],
  ['that name no estimator', 'evaluate', { estimators: ['deep'] }, /\/params\/estimators\/0/],
]
for (const [what, kind, params, detail] of wrongParams) {
  test(`parameters ${what} are refused at once, and nothing is published`, async (t) => {
    const { jobs, broker } = await open(t)

    const { status, body } = await jobs.ask(kind, params)

    assert.deepEqual([status, body.reason, broker.published.length], [400, 'JOB_PARAMS_INVALID', 0])
    assert.match(body.detail, detail)
  })
}

test('an unknown kind is refused', async (t) => {
  const { jobs } = await open(t)

  const { status, body } = await jobs.ask('mine')

  assert.deepEqual([status, body.reason, body.errors[0].pointer], [400, 'REQUEST_INVALID', '/kind'])
})

test('without the broker no job is accepted', async (t) => {
  const { jobs, broker } = await open(t)
  broker.disconnect()

  const { status, body, headers } = await jobs.ask('train')

  assert.deepEqual([status, body.reason], [503, 'BROKER_UNAVAILABLE'])
  assert.ok(headers['retry-after'])
})

test('a second request with the same key returns the same job, and publishes nothing if the job has begun', async (t) => {
  const { jobs, broker, tell } = await open(t)
  const key = randomUUID()
  const first = await jobs.ask('evaluate', { seed: 7 }, key)
  await tell(jobFact('JobStarted', { jobId: first.body.jobId, attempt: 1, worker: 'w' }))

  const again = await jobs.ask('evaluate', { seed: 7 }, key)

  assert.deepEqual([again.status, again.body.jobId, again.body.state], [202, first.body.jobId, 'running'])
  assert.equal(broker.published.length, 1)
})

test('a second request for a waiting job is accepted only if the queue has the job', async (t) => {
  const { jobs, broker } = await open(t)
  const key = randomUUID()
  const first = await jobs.ask('evaluate', { seed: 7 }, key)

  const again = await jobs.ask('evaluate', { seed: 7 }, key)
  broker.disconnect()
  const refused = await jobs.ask('evaluate', { seed: 7 }, key)

  assert.deepEqual([again.status, again.body], [202, first.body])
  assert.deepEqual(
    broker.published.map(({ messageId }) => messageId),
    [first.body.jobId, first.body.jobId],
  )
  assert.deepEqual([refused.status, refused.body.reason], [503, 'BROKER_UNAVAILABLE'])
})

test('the same key with other parameters is a conflict', async (t) => {
  const { jobs } = await open(t)
  const key = randomUUID()
  await jobs.ask('evaluate', { seed: 7 }, key)

  const { status, body } = await jobs.ask('evaluate', { seed: 8 }, key)

  assert.deepEqual([status, body.reason], [409, 'IDEMPOTENCY_KEY_REUSED'])
})

test('the same key with a default that was absent before is a conflict', async (t) => {
  const { jobs } = await open(t)
  const key = randomUUID()
  await jobs.ask('evaluate', {}, key)

  const { body } = await jobs.ask('evaluate', { seed: 42 }, key)

  assert.equal(body.reason, 'IDEMPOTENCY_KEY_REUSED')
})

test('of two different bodies with one key at the same time, the first in the log wins', async (t) => {
  const { jobs, broker } = await open(t)
  const key = randomUUID()

  const answers = await Promise.all([jobs.ask('export', { limit: 1 }, key), jobs.ask('export', { limit: 2 }, key)])

  const accepted = answers.filter(({ status }) => status === 202)
  const [first] = broker.published.map(({ body }) => JobRequested.decode(body).params)
  assert.deepEqual(answers.map(({ status }) => status).sort(), [202, 409])
  assert.deepEqual(first, { $case: 'export', export: accepted[0]?.body.params })
})

test('every request about an unknown job is a 404', async (t) => {
  const { jobs } = await open(t)
  const jobId = randomUUID()

  const answers = await Promise.all([jobs.get(jobId), jobs.cancel(jobId)])
  const download = await jobs.download(jobId)

  assert.deepEqual(
    answers.map(({ body }) => body.reason),
    ['JOB_UNKNOWN', 'JOB_UNKNOWN'],
  )
  assert.equal(download.status, 404)
})

test('before the gateway has read the stream, an unknown job is a 503', async (t) => {
  const { jobs, broker, app } = await open(t)
  broker.disconnect()
  broker.replace()
  broker.disconnect()

  const { status, body } = await jobs.get(randomUUID())

  assert.equal(app.jobs.isReady, false)
  assert.deepEqual([status, body.reason], [503, 'BROKER_UNAVAILABLE'])
})

test('a cancel request is published and shown with the job', async (t) => {
  const { jobs, broker } = await open(t)
  const { body: job } = await jobs.ask('train')

  const { status, body } = await jobs.cancel(job.jobId)

  const last = broker.published.at(-1)
  assert.deepEqual([status, body.state, body.cancelRequested], [202, 'queued', true])
  assert.deepEqual([last?.routingKey, last?.correlationId], ['job.cancel_requested', job.jobId])
})

test('a second cancel request publishes nothing', async (t) => {
  const { jobs, broker } = await open(t)
  const { body: job } = await jobs.ask('train')
  await jobs.cancel(job.jobId)

  const { status } = await jobs.cancel(job.jobId)

  assert.deepEqual([status, broker.published.length], [202, 2])
})

test('a cancel request for an ended job returns the job unchanged', async (t) => {
  const { jobs, broker, tell } = await open(t)
  const { body: job } = await jobs.ask('train')
  await tell(jobFact('JobSucceeded', { jobId: job.jobId, attempt: 1 }))

  const { status, body } = await jobs.cancel(job.jobId)

  assert.deepEqual([status, body.state, body.cancelRequested], [200, 'succeeded', false])
  assert.equal(broker.published.length, 1)
})

test('jobs are listed newest first, in pages, and by state', async (t) => {
  const { jobs, tell } = await open(t)
  for (const jobId of ['a', 'b', 'c']) await tell(exportRequested(jobId))
  await tell(jobFact('JobStarted', { jobId: 'b', attempt: 1 }))

  const first = await jobs.list({ pageSize: '2' })
  const second = await jobs.list({ pageSize: '2', pageToken: first.body.nextPageToken })
  const running = await jobs.list({ state: 'running' })

  const idsOf = ({ body }: typeof first) => body.jobs.map((job: { jobId: string }) => job.jobId)
  assert.deepEqual([idsOf(first), idsOf(second), idsOf(running)], [['c', 'b'], ['a'], ['b']])
})

test('a page token from elsewhere is refused', async (t) => {
  const { jobs } = await open(t)

  const { status, body } = await jobs.list({ pageToken: 'x' })

  assert.deepEqual([status, body.reason], [400, 'PAGE_TOKEN_INVALID'])
})

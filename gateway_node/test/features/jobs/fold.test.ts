import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeFact, foldFact } from '../../../src/features/jobs/fold.ts'
import type { Job } from '../../../src/features/jobs/schemas.ts'
import { ErrorReason } from '../../../src/gen/whynotboth/v1/errors.ts'
import { type Entry, exportRequested, jobFact } from './job-facts.ts'

const jobId = 'a-job'
const failure = { reason: ErrorReason.JOB_PROCESS_DIED, detail: 'The process died.' }

function fold(...entries: Entry[]): Job | undefined {
  let job: Job | undefined
  for (const { type, body } of entries) {
    const fact = decodeFact(type, body)
    if (fact) job = foldFact(job, fact)
  }
  return job
}

test('a requested job is queued and shows the parameters that were given', () => {
  const params = { $case: 'train' as const, train: { estimators: ['ease'], folds: 3, seed: undefined } }

  const job = fold(jobFact('JobRequested', { jobId, params, occurredAt: new Date('2026-01-02T03:04:05Z') }))

  assert.deepEqual(job, {
    jobId,
    kind: 'train',
    params: { estimators: ['ease'], folds: 3 },
    state: 'queued',
    cancelRequested: false,
    percent: 0,
    step: '',
    metrics: {},
    attempts: 0,
    createdAt: '2026-01-02T03:04:05.000Z',
    updatedAt: '2026-01-02T03:04:05.000Z',
    error: null,
    result: null,
  })
})

test('a running job shows its latest progress', () => {
  const job = fold(
    exportRequested(jobId),
    jobFact('JobStarted', { jobId, attempt: 1 }),
    jobFact('JobProgressed', { jobId, attempt: 1, percent: 40, step: 'write', metrics: { ndcg_at_10: 0.4 } }),
  )

  assert.equal(job?.state, 'running')
  assert.deepEqual([job.percent, job.step, job.metrics, job.attempts], [40, 'write', { ndcg_at_10: 0.4 }, 1])
})

test('a repeated progress changes the job once', () => {
  const progressed = { jobId, attempt: 1, percent: 40, step: 'write', metrics: { ndcg_at_10: 0.4 } }
  const before = fold(
    exportRequested(jobId),
    jobFact('JobStarted', { jobId, attempt: 1 }),
    jobFact('JobProgressed', progressed),
  )
  const again = decodeFact('whynotboth.v1.JobProgressed', jobFact('JobProgressed', progressed).body)
  const next = decodeFact('whynotboth.v1.JobProgressed', jobFact('JobProgressed', { ...progressed, percent: 41 }).body)
  assert.ok(before && again && next)

  assert.equal(foldFact(before, again), before)
  assert.equal(foldFact(before, next)?.percent, 41)
})

test('a succeeded job is complete and shows its result', () => {
  const file = { name: 'top.csv', mediaType: 'text/csv', sizeBytes: 12 }
  const result = { modelVersion: '', promoted: false, file }

  const job = fold(
    exportRequested(jobId),
    jobFact('JobSucceeded', { jobId, attempt: 1, metrics: { users: 2 }, result }),
  )

  assert.equal(job?.state, 'succeeded')
  assert.deepEqual([job.percent, job.metrics], [100, { users: 2 }])
  assert.deepEqual(job.result, { modelVersion: null, promoted: false, file })
})

test('a retried job is queued again and shows the error', () => {
  const job = fold(
    exportRequested(jobId),
    jobFact('JobStarted', { jobId, attempt: 1 }),
    jobFact('JobRetried', { jobId, attempt: 1, error: failure, delayMs: 5000 }),
  )

  assert.equal(job?.state, 'queued')
  assert.deepEqual(job.error, { reason: 'JOB_PROCESS_DIED', detail: failure.detail })
})

test('the next attempt begins without the progress of the last one', () => {
  const job = fold(
    exportRequested(jobId),
    jobFact('JobStarted', { jobId, attempt: 1 }),
    jobFact('JobProgressed', { jobId, attempt: 1, percent: 90 }),
    jobFact('JobRetried', { jobId, attempt: 1, error: failure }),
    jobFact('JobStarted', { jobId, attempt: 2 }),
  )

  assert.deepEqual([job?.state, job?.attempts, job?.percent, job?.error], ['running', 2, 0, null])
})

const staleFacts: [string, Entry][] = [
  ['progress of an earlier attempt', jobFact('JobProgressed', { jobId, attempt: 1, percent: 99 })],
  ['the start of an earlier attempt', jobFact('JobStarted', { jobId, attempt: 1 })],
  ['the failure of an earlier attempt', jobFact('JobFailed', { jobId, attempt: 1, error: failure })],
  ['the success of an earlier attempt', jobFact('JobSucceeded', { jobId, attempt: 1 })],
  ['the same request again', exportRequested(jobId)],
]
for (const [what, entry] of staleFacts) {
  test(`${what} changes nothing`, () => {
    const before = [exportRequested(jobId), jobFact('JobStarted', { jobId, attempt: 2 })]

    assert.deepEqual(fold(...before, entry), fold(...before))
  })
}

test('progress of an attempt that was given up changes nothing', () => {
  const before = [
    exportRequested(jobId),
    jobFact('JobStarted', { jobId, attempt: 1 }),
    jobFact('JobRetried', { jobId, attempt: 1, error: failure }),
  ]

  const job = fold(...before, jobFact('JobProgressed', { jobId, attempt: 1, percent: 99 }))

  assert.deepEqual(job, fold(...before))
})

test('a final state stays', () => {
  const before = [exportRequested(jobId), jobFact('JobCancelled', { jobId, attempt: 0 })]

  const job = fold(
    ...before,
    jobFact('JobCancelRequested', { jobId }),
    jobFact('JobStarted', { jobId, attempt: 1 }),
    jobFact('JobSucceeded', { jobId, attempt: 1 }),
  )

  assert.equal(job?.state, 'cancelled')
  assert.deepEqual(job, fold(...before))
})

test('a replay queues a failed job again, and its next attempt has the next number', () => {
  const failed = [
    exportRequested(jobId),
    jobFact('JobStarted', { jobId, attempt: 4 }),
    jobFact('JobFailed', { jobId, attempt: 4, error: failure }),
  ]

  const queued = fold(...failed, jobFact('JobReplayed', { jobId, attempt: 4 }))
  const running = fold(
    ...failed,
    jobFact('JobReplayed', { jobId, attempt: 4 }),
    jobFact('JobStarted', { jobId, attempt: 5 }),
  )

  assert.deepEqual([queued?.state, queued?.attempts, queued?.error], ['queued', 4, null])
  assert.deepEqual([running?.state, running?.attempts], ['running', 5])
})

const unfailed: [string, Entry][] = [
  ['runs', jobFact('JobStarted', { jobId, attempt: 1 })],
  ['has succeeded', jobFact('JobSucceeded', { jobId, attempt: 1 })],
  ['was cancelled', jobFact('JobCancelled', { jobId, attempt: 1 })],
]
for (const [what, entry] of unfailed) {
  test(`a replay changes nothing of a job that ${what}`, () => {
    const before = [exportRequested(jobId), entry]

    assert.deepEqual(fold(...before, jobFact('JobReplayed', { jobId, attempt: 1 })), fold(...before))
  })
}

test('a job with a cancel request keeps its state until a worker cancels it', () => {
  const job = fold(
    exportRequested(jobId),
    jobFact('JobStarted', { jobId, attempt: 1 }),
    jobFact('JobCancelRequested', { jobId }),
    jobFact('JobProgressed', { jobId, attempt: 1, percent: 50 }),
  )

  assert.deepEqual([job?.state, job?.cancelRequested, job?.percent], ['running', true, 50])
})

test('a job that waits for its next attempt can fail', () => {
  const job = fold(
    exportRequested(jobId),
    jobFact('JobStarted', { jobId, attempt: 1 }),
    jobFact('JobRetried', { jobId, attempt: 1, error: failure }),
    jobFact('JobFailed', { jobId, attempt: 0, error: failure }),
  )

  assert.deepEqual([job?.state, job?.attempts], ['failed', 1])
})

test('facts without a request make no job', () => {
  assert.equal(fold(jobFact('JobStarted', { jobId, attempt: 1 })), undefined)
})

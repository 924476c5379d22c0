import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { pino } from 'pino'
import { JobsView } from '../../../src/features/jobs/view.ts'
import { JobRequested } from '../../../src/gen/whynotboth/v1/jobs.ts'
import { type Entry, exportRequested, jobFact, toLogMessage } from './job-facts.ts'

const logger = pino({ level: 'silent' })

/** A view of a log that the test writes. */
function openView() {
  let next = 0
  const log = { isCaughtUp: true, hasReadToEnd: async () => true }
  const view = new JobsView(log, logger)
  const tell = (entry: Entry) => view.follower.onMessage(toLogMessage(entry, next++))
  const restart = () => {
    next = 0
    view.follower.onRestart?.()
  }
  return { view, log, tell, restart }
}

test('the list is newest first, in pages', () => {
  const { view, tell } = openView()
  for (const jobId of ['a', 'b', 'c']) tell(exportRequested(jobId))
  tell(jobFact('JobStarted', { jobId: 'a', attempt: 1 }))

  const first = view.list(2, '')
  const second = view.list(2, first.nextPageToken ?? 'absent')

  assert.deepEqual(
    first.jobs.map((job) => job.jobId),
    ['c', 'b'],
  )
  assert.deepEqual(
    second.jobs.map((job) => job.jobId),
    ['a'],
  )
  assert.equal(second.nextPageToken, undefined)
})

test('facts of a worker that stand before the request in the stream count after the request', () => {
  const { view, tell } = openView()
  tell(jobFact('JobStarted', { jobId: 'a', attempt: 1 }))
  const before = view.latest('a')

  tell(exportRequested('a'))

  const change = view.latest('a')
  assert.equal(before, undefined)
  assert.deepEqual([change?.job.state, change?.job.attempts, change?.fact], ['running', 1, 'job.started'])
})

test('the list can be filtered by state', () => {
  const { view, tell } = openView()
  for (const jobId of ['a', 'b']) tell(exportRequested(jobId))
  tell(jobFact('JobStarted', { jobId: 'a', attempt: 1 }))

  const { jobs } = view.list(10, '', 'running')

  assert.deepEqual(
    jobs.map((job) => job.jobId),
    ['a'],
  )
})

test('a page token that is not from this list is refused', () => {
  const { view } = openView()

  assert.throws(() => view.list(10, 'first'), { reason: 'PAGE_TOKEN_INVALID' })
})

test('a job older than 7 days is unknown', () => {
  const { view, tell } = openView()
  tell(exportRequested('old', new Date(Date.now() - 8 * 24 * 3600 * 1000)))
  tell(exportRequested('new'))

  assert.throws(() => view.get('old'), { reason: 'JOB_UNKNOWN' })
  assert.deepEqual(
    view.list(10, '').jobs.map((job) => job.jobId),
    ['new'],
  )
})

test('only the newest 10,000 jobs are kept', () => {
  const { view, tell } = openView()
  for (let index = 0; index <= 10_000; index += 1) tell(exportRequested(`job-${index}`))

  assert.equal(view.latest('job-0'), undefined)
  assert.equal(view.get('job-10000').state, 'queued')
})

test('before the stream has been read, an unknown job is not reported as unknown', () => {
  const { view, log } = openView()
  log.isCaughtUp = false

  assert.throws(() => view.get(randomUUID()), { reason: 'BROKER_UNAVAILABLE' })
})

test('a ready view stays ready when the broker is lost', () => {
  const { view, log, tell } = openView()
  tell(exportRequested('a'))
  log.isCaughtUp = false

  assert.throws(() => view.get(randomUUID()), { reason: 'JOB_UNKNOWN' })
})

test('a message that can not be decoded is skipped', () => {
  const timeless = JobRequested.encode({ jobId: 'b', params: { $case: 'export', export: {} }, occurredAt: undefined })
    .uint32(42)
    .fork()
    .uint32(8)
    .int64(Number.MAX_SAFE_INTEGER)
    .join()
    .finish()
  const { view, tell } = openView()
  tell({ ...exportRequested('a'), body: Buffer.from([0xff, 0xff]) })
  tell({ ...exportRequested('b'), type: 'whynotboth.v2.JobPaused' })
  tell({ ...exportRequested('b'), body: timeless })
  tell(exportRequested('c'))

  assert.deepEqual(
    view.list(10, '').jobs.map((job) => job.jobId),
    ['c'],
  )
  assert.equal(view.lastOffset, 3)
})

test('a stream that begins anew clears the view', () => {
  const { view, tell, restart } = openView()
  tell(exportRequested('a'))
  restart()
  tell(exportRequested('b'))

  assert.deepEqual(
    view.list(10, '').jobs.map((job) => job.jobId),
    ['b'],
  )
  assert.equal(view.lastOffset, 0)
})

test('a change holds the fact, its offset and the job; a fact that changes nothing notifies nobody', () => {
  const { view, tell } = openView()
  const changes: unknown[] = []
  view.subscribe({ onChange: ({ fact, offset, job }) => changes.push([fact, offset, job.state]), onRestart: () => {} })

  tell(exportRequested('a'))
  tell(exportRequested('a'))
  tell(jobFact('JobStarted', { jobId: 'a', attempt: 1 }))

  assert.deepEqual(changes, [
    ['job.requested', 0, 'queued'],
    ['job.started', 2, 'running'],
  ])
})

test('a wait ends when the stream has brought the message', async (t: TestContext) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { view, tell } = openView()
  const waiting = view.waitUntil(() => view.latest('a') !== undefined, 1000)

  tell(exportRequested('a'))

  assert.equal(await waiting, true)
})

test('a wait ends after its time limit', async (t: TestContext) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { view } = openView()
  const waiting = view.waitUntil(() => view.latest('a') !== undefined, 1000)

  t.mock.timers.tick(1000)

  assert.equal(await waiting, false)
})

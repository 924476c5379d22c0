import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { buildTestApp } from '../build-app.ts'
import { exportRequested } from '../features/jobs/job-facts.ts'

async function openMeasured(t: TestContext) {
  const { app, broker, gateway } = await buildTestApp(t)
  const requested = exportRequested('a')
  broker.append('job-events', requested)
  await app.jobsLog.waitFor(requested.messageId, 1000)
  const read = async (noun: string, stream: string) => {
    const { body } = await gateway.get('/metrics')
    return new RegExp(`^gateway_log_reader_${noun}{stream="${stream}"} (\\S+)$`, 'm').exec(String(body.text))?.[1]
  }
  return { broker, read }
}

test('the metrics show whether each reader is attached and its offset', async (t) => {
  const { read } = await openMeasured(t)

  const shown = [await read('attached', 'job-events'), await read('offset', 'job-events')]

  assert.deepEqual(shown, ['1', '0'])
  assert.equal(await read('offset', 'interactions'), '-1')
})

test('a reader that lost the broker is not attached and keeps its offset', async (t) => {
  const { broker, read } = await openMeasured(t)

  broker.disconnect()

  assert.deepEqual([await read('attached', 'job-events'), await read('offset', 'job-events')], ['0', '0'])
})

test('a restart of a reader is counted', async (t) => {
  const { broker, read } = await openMeasured(t)
  const before = await read('restarts_total', 'job-events')

  broker.replace()

  assert.deepEqual([before, await read('restarts_total', 'job-events')], ['0', '1'])
})

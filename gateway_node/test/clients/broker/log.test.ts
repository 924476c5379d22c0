import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shareLog } from '../../../src/clients/broker/log.ts'
import { FakeBroker } from '../../fakes.ts'
import { exportRequested } from '../../features/jobs/job-facts.ts'

test('each message reaches the followers in the order of their list', async () => {
  const broker = new FakeBroker()
  broker.append('job-events', exportRequested('a'))
  const last = exportRequested('b')
  broker.append('job-events', last)
  const heard: string[] = []
  const follower = (name: string) => ({
    onMessage: ({ offset }: { offset: number }) => heard.push(`${name} ${offset}`),
  })

  const log = shareLog(broker, 'job-events', 'first')
  log.open([follower('cache'), follower('topic')])
  await log.waitFor(last.messageId, 1000)

  assert.deepEqual(heard, ['cache 0', 'topic 0', 'cache 1', 'topic 1'])
})

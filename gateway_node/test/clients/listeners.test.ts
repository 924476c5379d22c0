// Each place with several listeners: if the first listener throws, the others are still called.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import type { LogReader } from '../../src/clients/broker/broker.ts'
import { notifyAll } from '../../src/clients/listeners.ts'
import { createAnswerCache } from '../../src/clients/recommender/answer-cache.ts'
import { createVersionWatch } from '../../src/clients/recommender/version-watch.ts'
import { JobsView } from '../../src/features/jobs/view.ts'
import { type Listener, testEveryListener } from '../every-listener.ts'
import { exportRequested, toLogMessage } from '../features/jobs/job-facts.ts'

const message = toLogMessage(exportRequested('a'), 0)

const log = { isAttached: true, isCaughtUp: true } as LogReader

function openView(listeners: Listener[]) {
  const view = new JobsView(log, pino({ level: 'silent' }))
  for (const listener of listeners) view.subscribe({ onChange: listener, onRestart: listener })
  return view.follower
}

testEveryListener({
  'a change of a job': (listeners) => () => openView(listeners).onMessage(message),
  'the restart of the log of jobs': (listeners) => () => openView(listeners).onRestart?.(),
  'a change of what an answer depends on': (listeners) => () => {
    const cache = createAnswerCache(log, () => null)
    for (const listener of listeners) cache.onChange(listener)
    cache.follower.onMessage(message)
  },
  'a switch of the model version': (listeners) => () => {
    const versions = createVersionWatch(() => {})
    for (const listener of listeners) versions.onSwitch(listener)
    versions.note('v1', 0)
  },
})

test('the errors of listeners are thrown after all listeners were called', () => {
  const errors = [new Error('one'), new Error('two')]
  const fail = (error: Error) => {
    throw error
  }

  assert.throws(() => notifyAll(errors.slice(0, 1), fail), errors[0])
  assert.throws(() => notifyAll(errors, fail), { name: 'AggregateError', errors })
})

// Each place where many listen: the first listener throws, and the second is called all the same.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { pino } from 'pino'
import type { Broker, LogHandlers, LogReader } from '../../src/clients/broker/broker.ts'
import { shareLog } from '../../src/clients/broker/log.ts'
import { notifyAll, shield } from '../../src/clients/listeners.ts'
import { createAnswerCache } from '../../src/clients/recommender/answer-cache.ts'
import { createVersionWatch } from '../../src/clients/recommender/version-watch.ts'
import { JobsView } from '../../src/features/jobs/view.ts'
import { Expiries } from '../../src/features/live/expiries.ts'
import { Feed } from '../../src/features/live/feed.ts'
import { Hub } from '../../src/features/live/hub.ts'
import { Outbox } from '../../src/features/live/outbox.ts'
import { Lifetime, Subscriptions } from '../../src/features/live/subscriptions.ts'
import { exportRequested, toLogMessage } from '../features/jobs/job-facts.ts'
import { FakeSink } from '../features/live/fake-sink.ts'

type Listener = () => void
/** Adds the listeners in their order, and returns what causes the event. */
type Place = (listeners: Listener[], t: TestContext) => () => void

const message = toLogMessage(exportRequested('a'), 0)

const log = { isAttached: true, isCaughtUp: true } as LogReader

/** A socket that does this when something is sent to it. */
function outboxThat(send: Listener): Outbox {
  return new Outbox(Object.assign(new FakeSink(), { send }))
}

function openSharedLog(listeners: Listener[]): LogHandlers {
  let handlers: LogHandlers = { onMessage: () => {} }
  const readStream = (_name: string, _from: unknown, given: LogHandlers) => {
    handlers = given
    return log
  }
  const followers = listeners.map((listener) => ({ onMessage: listener, onRestart: listener, onDetached: listener }))
  shareLog({ readStream } as Pick<Broker, 'readStream'>, 'interactions', 'first').open(followers)
  return handlers
}

function openView(listeners: Listener[]) {
  const view = new JobsView(log, pino({ level: 'silent' }))
  for (const listener of listeners) view.subscribe({ onChange: listener, onRestart: listener })
  return view.follower
}

function openFeed(listeners: Listener[]): Feed {
  const feed = new Feed(10)
  for (const listener of listeners)
    feed.attach({
      topic: 'jobs',
      jobId: undefined,
      outbox: outboxThat(listener),
      position: 0,
      lifetime: new Lifetime(''),
    })
  return feed
}

function openHub(listeners: Listener[]): Hub {
  const hub = new Hub()
  for (const listener of listeners) hub.subscribe('stats', outboxThat(listener))
  return hub
}

const places: Record<string, Place> = {
  'a message of a log': (listeners) => () => openSharedLog(listeners).onMessage(message),
  'the restart of a log': (listeners) => () => openSharedLog(listeners).onRestart?.(),
  'the loss of a log': (listeners) => () => openSharedLog(listeners).onDetached?.(),
  'a change of a job': (listeners) => () => openView(listeners).onMessage(message),
  'the restart of the log of jobs': (listeners) => () => openView(listeners).onRestart?.(),
  'an event of the feed': (listeners) => () => openFeed(listeners).add({ offset: 0, jobId: 'a', json: '{}' }),
  'the restart of the feed': (listeners) => () => openFeed(listeners).restart((_topic, outbox) => outbox.send('')),
  'a latest value': (listeners) => () => openHub(listeners).publish('stats', null, {}),
  'a notice about a topic': (listeners) => () => openHub(listeners).notify('stats', ''),
  'room in a socket': (listeners) => () => {
    const sink = new FakeSink()
    const outbox = new Outbox(sink)
    for (const listener of listeners) outbox.onDrain(listener)
    outbox.send('')
    sink.read()
  },
  'the end of a socket': (listeners) => () => {
    const subscriptions = new Subscriptions(10)
    for (const [index, listener] of listeners.entries()) subscriptions.open(`jobs/${index}`).onEnd(listener)
    subscriptions.closeAll()
  },
  'the expiry of sessions': (listeners, t) => () => {
    t.mock.timers.enable({ apis: ['Date', 'setInterval'] })
    const expiries = new Expiries()
    for (const expire of listeners) expiries.watch({ expiresAt: 100, expire })
    t.mock.timers.tick(250)
  },
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
}

for (const [event, place] of Object.entries(places)) {
  test(`every listener is called although the first one throws: ${event}`, (t) => {
    let calls = 0
    const fail = () => {
      throw new TypeError('a bug')
    }
    const cause = place([fail, () => (calls += 1), () => (calls += 1)], t)

    shield(cause, () => {})()

    assert.equal(calls, 2)
  })
}

test('the errors of listeners are thrown after all were called', () => {
  const errors = [new Error('one'), new Error('two')]
  const fail = (error: Error) => {
    throw error
  }

  assert.throws(() => notifyAll(errors.slice(0, 1), fail), errors[0])
  assert.throws(() => notifyAll(errors, fail), { name: 'AggregateError', errors })
})

import { Expiries } from '../../../src/features/live/expiries.ts'
import { Feed } from '../../../src/features/live/feed.ts'
import { Hub } from '../../../src/features/live/hub.ts'
import { Outbox } from '../../../src/features/live/outbox.ts'
import { Lifetime, Subscriptions } from '../../../src/features/live/subscriptions.ts'
import { type Listener, testEveryListener } from '../../every-listener.ts'
import { FakeSink } from './fake-sink.ts'

/** An outbox whose socket calls the function for each frame. */
function outboxThat(send: Listener): Outbox {
  return new Outbox(Object.assign(new FakeSink(), { send }))
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

testEveryListener({
  'the expiry of sessions': (listeners, t) => () => {
    t.mock.timers.enable({ apis: ['Date', 'setInterval'] })
    const expiries = new Expiries()
    for (const expire of listeners) expiries.watch({ expiresAt: 100, expire })
    t.mock.timers.tick(250)
  },
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
})

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { StatsPanel } from '../../web/components/stats-panel.js'
import { formatClock } from '../../web/format.js'
import { socketState, startLive } from '../../web/live.js'
import { stats } from '../../web/state/gateway.js'
import { provide, textOf } from './browser.ts'

class FakeSocket {
  static readonly OPEN = 1
  static last: FakeSocket
  readonly readyState = FakeSocket.OPEN
  onopen = () => {}
  onmessage = (_event: { data: string }) => {}
  onclose = (_event: { code: number; reason: string }) => {}
  constructor() {
    FakeSocket.last = this
  }
  send() {}
  close() {}
  welcome() {
    this.onmessage({ data: JSON.stringify({ type: 'welcome', sessionId: 'a' }) })
  }
  lose() {
    this.onclose({ code: 1006, reason: '' })
  }
}

function provideBrowser(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: new Date('2026-01-02T03:04:05Z') })
  provide(t, 'WebSocket', FakeSocket)
  provide(t, 'location', { href: 'http://gateway/' })
  provide(t, 'addEventListener', () => {})
  provide(t, 'document', { addEventListener: () => {}, visibilityState: 'visible' })
}

test('figures show the time of the lost connection until the socket is open again', async (t) => {
  provideBrowser(t)
  stats.value = { gateway: 'a:3000', uptimeSeconds: 1, routes: {}, sockets: 1, readers: {}, breaker: 'closed' }
  startLive(async () => 'token')
  FakeSocket.last.welcome()
  const whileOpen = textOf(StatsPanel())

  FakeSocket.last.lose()
  const lostAt = Date.now()
  const whileLost = textOf(StatsPanel())
  t.mock.timers.tick(60_000)
  await setImmediate()
  FakeSocket.last.lose()
  const afterAnotherAttempt = textOf(StatsPanel())
  t.mock.timers.tick(60_000)
  FakeSocket.last.welcome()

  const mark = `as of ${formatClock(lostAt)}`
  assert.doesNotMatch(whileOpen, /as of/)
  assert.ok(whileLost.includes(mark))
  assert.ok(afterAnotherAttempt.includes(mark))
  assert.doesNotMatch(textOf(StatsPanel()), /as of/)
  assert.equal(socketState.value.phase, 'open')
})

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Identity } from '../../../src/clients/identity-provider/identity.ts'
import { AppError } from '../../../src/errors.ts'
import { Expiries } from '../../../src/features/live/expiries.ts'
import { Session } from '../../../src/features/live/session.ts'
import { SocketCounts } from '../../../src/features/live/socket-counts.ts'

const startMs = Date.UTC(2026, 0, 1)

const anybody = { role: 'viewer', subject: '1', trustedUntil: Number.POSITIVE_INFINITY } as const

/** Tokens are the milliseconds for which they are good; each identity may hold one socket. */
function open(t: TestContext, verifyToken?: (token: string) => Promise<Identity>) {
  t.mock.timers.enable({ apis: ['Date', 'setInterval'], now: startMs })
  const identityOf = (token: string): Identity => ({ ...anybody, expiresAt: startMs + Number(token) })
  const parts = {
    verifyToken: verifyToken ?? identityOf,
    sockets: new SocketCounts(1),
    expiries: new Expiries(),
    limits: { signInMs: 5000 },
  }
  const openSession = () => {
    const refusals: string[] = []
    const socket = { pause: () => {}, resume: () => {} }
    const session = new Session({ socket, refuse: (error: AppError) => refusals.push(error.message) }, parts)
    return { session, refusals }
  }
  return { openSession, identityOf }
}

test('who has not signed in when the time is over is refused, once', async (t) => {
  const { refusals } = open(t).openSession()

  t.mock.timers.tick(4500)
  const before = refusals.length
  t.mock.timers.tick(5000)

  assert.equal(before, 0)
  assert.match(refusals.join(), /^Nobody signed in in time/)
  assert.equal(refusals.length, 1)
})

test('each of several is refused when its token expires', async (t) => {
  const { openSession } = open(t, async (subject) => ({ ...anybody, subject, expiresAt: startMs + 10_000 }))
  const all = [openSession(), openSession(), openSession()]
  for (const [place, { session }] of all.entries()) await session.signIn(`user-${place}`)

  t.mock.timers.tick(11_000)

  assert.deepEqual(
    all.map(({ refusals }) => refusals),
    Array(3).fill(['The token has expired. Sign in again.']),
  )
})

test('a newer token prolongs a session', async (t) => {
  const { session, refusals } = open(t).openSession()
  await session.signIn('10000')
  await session.signIn('30000')

  t.mock.timers.tick(20_000)
  const before = refusals.length
  t.mock.timers.tick(11_000)

  assert.equal(before, 0)
  assert.equal(refusals.length, 1)
})

test('a token that has expired, or expires before anybody looks, is good for nothing', async (t) => {
  const { session } = open(t).openSession()

  await assert.rejects(session.signIn('0'), /has expired/)
  await session.signIn('100')
  t.mock.timers.setTime(startMs + 100)

  await assert.rejects(session.whoItIs(), /has expired/)
})

test('a session that ended is told nothing more', async (t) => {
  const { session, refusals } = open(t).openSession()
  await session.signIn('10000')

  session.end()
  t.mock.timers.tick(20_000)

  assert.deepEqual(refusals, [])
})

test('a socket that closes while its token is looked at leaves room for the next', async (t) => {
  const verified = Promise.withResolvers<Identity>()
  const { openSession, identityOf } = open(t, () => verified.promise)
  const first = openSession().session
  const entering = first.signIn('10000')

  first.end()
  verified.resolve(identityOf('10000'))

  await assert.rejects(entering, /closed meanwhile/)
  assert.equal((await openSession().session.signIn('10000')).subject, '1')
})

test('a token is checked again when its key is not trusted any more, and the session lives on', async (t) => {
  let checks = 0
  const { openSession } = open(t, async () => {
    checks += 1
    return { ...anybody, expiresAt: startMs + 600_000, trustedUntil: Date.now() + 60_000 }
  })
  const { session, refusals } = openSession()
  await session.signIn('token')

  t.mock.timers.tick(90_500)
  await session.whoItIs()
  t.mock.timers.tick(90_500)
  await session.whoItIs()

  assert.deepEqual([checks, refusals], [3, []])
})

test('a session whose token is refused when it is checked again is over', async (t) => {
  let isWithdrawn = false
  const { openSession } = open(t, async () => {
    if (isWithdrawn) throw new AppError('TOKEN_INVALID', 'Its key is gone.')
    return { ...anybody, expiresAt: startMs + 600_000, trustedUntil: startMs + 60_000 }
  })
  const { session, refusals } = openSession()
  await session.signIn('token')
  isWithdrawn = true

  t.mock.timers.tick(90_500)

  await assert.rejects(session.whoItIs(), /Its key is gone/)
  assert.deepEqual(refusals, ['Its key is gone.'])
})

test('expiries are looked for as long as there are any, and again', (t) => {
  t.mock.timers.enable({ apis: ['Date', 'setInterval'], now: startMs })
  const expiries = new Expiries()
  const told: string[] = []
  const watch = (name: string, afterMs: number) => {
    const expiring = { expiresAt: Date.now() + afterMs, expire: () => told.push(name) }
    expiries.watch(expiring)
    return expiring
  }

  watch('first', 1000)
  expiries.forget(watch('forgotten', 1000))
  t.mock.timers.tick(2000)
  watch('second', 1000)
  t.mock.timers.tick(2000)

  assert.deepEqual(told, ['first', 'second'])
})

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { ModelsPanel } from '../../web/components/models-panel.js'
import { jobs } from '../../web/state/jobs.js'
import { models } from '../../web/state/models.js'
import { clickable, textOf } from './browser.ts'

const live = {
  version: '20260101T000000Z-00000001',
  estimator: 'ease',
  params: {},
  metrics: {},
  createdAt: '2026-01-01T00:00:00Z',
  live: true,
  stale: false,
  unknownItems: 0,
}

function show(...shown: (typeof live)[]) {
  models.value = shown
  return ModelsPanel()
}

/** Accepts every job. Returns the bodies of the requests. */
function acceptJobs(t: TestContext): unknown[] {
  const bodies: unknown[] = []
  t.mock.method(globalThis, 'fetch', async (_address: string, { body }: { body: string }) => {
    bodies.push(JSON.parse(body))
    return Response.json({ jobId: 'a', kind: 'train', state: 'queued', createdAt: live.createdAt }, { status: 202 })
  })
  return bodies
}

test('a stale live version says how much it does not know', () => {
  const one = textOf(show({ ...live, stale: true, unknownItems: 1 }))
  const many = textOf(show({ ...live, stale: true, unknownItems: 1200 }))
  const none = textOf(show({ ...live, stale: true, unknownItems: 0 }))

  assert.match(one, /Data was imported after this version was trained\.\s+It doesn’t know 1 film of the catalogue\./)
  assert.match(many, /It doesn’t know 1,200 films/)
  assert.match(none, /Data was imported/)
  assert.doesNotMatch(none, /doesn’t know/)
})

test('neither an up-to-date version nor a stale one that is not live asks for a training', () => {
  const shown = textOf(show(live, { ...live, version: 'older', live: false, stale: true }))

  assert.doesNotMatch(shown, /Data was imported|Train a new version/)
})

test('the button beside a stale version starts a training', async (t) => {
  const bodies = acceptJobs(t)
  jobs.value = []

  await clickable(show({ ...live, stale: true }), 'Train a new version')()

  assert.deepEqual(bodies, [{ kind: 'train', params: {} }])
  assert.deepEqual(
    jobs.value.map(({ kind }) => kind),
    ['train'],
  )
  assert.match(textOf(ModelsPanel()), /A training runs\./)
  assert.doesNotMatch(textOf(ModelsPanel()), /Train a new version/)
})

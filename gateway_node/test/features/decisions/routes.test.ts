import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildTestApp } from '../../build-app.ts'
import { decision } from './decision.ts'

test('a decision needs no sign-in', async (t) => {
  const { app, recommender } = await buildTestApp(t)

  const response = await app.inject({ method: 'POST', url: '/v1/decisions', payload: { answers: { load: 'low' } } })

  assert.equal(response.statusCode, 200)
  assert.deepEqual(response.json(), decision)
  assert.deepEqual(recommender.calls.at(-1), { method: 'decide', request: { load: 'low' } })
})

test('too many decisions of one address are refused', async (t) => {
  const { app } = await buildTestApp(t, { GATEWAY_ADDRESS_REQUESTS_PER_MINUTE: '1' })
  const ask = () => app.inject({ method: 'POST', url: '/v1/decisions', payload: { answers: { load: 'low' } } })

  const statuses = [(await ask()).statusCode, (await ask()).statusCode]

  assert.deepEqual(statuses, [200, 429])
})

test('answers that the tool refuses are a problem with its sentence', async (t) => {
  const { app } = await buildTestApp(t)

  const response = await app.inject({ method: 'POST', url: '/v1/decisions', payload: { answers: {} } })

  assert.equal(response.statusCode, 400)
  assert.equal(response.json().detail, 'There is no answer.')
})

test('the record of a decision is a file to download', async (t) => {
  const { app, recommender } = await buildTestApp(t)

  const { headers, body } = await app.inject('/decide/record.md?load=low&team=')

  assert.equal(headers['content-disposition'], 'attachment; filename="back-end-language.md"')
  assert.equal(headers['content-type'], 'text/markdown; charset=utf-8')
  assert.equal(body, decision.record)
  assert.deepEqual(recommender.calls.at(-1)?.request, { load: 'low' })
})

test('the page shows all questions, and typical projects as addresses', async (t) => {
  const { app, recommender } = await buildTestApp(t)

  const { headers, body } = await app.inject('/decide')

  assert.equal(headers['content-type'], 'text/html; charset=utf-8')
  assert.equal(body.match(/<fieldset>/g)?.length, 2)
  assert.match(body, /<a href="\/decide\?load=high&amp;team=python">Chat<\/a>/)
  assert.deepEqual(
    recommender.calls.map(({ method }) => method),
    ['getQuestionnaire'],
  )
})

test('the page needs no script, and may send its form to itself', async (t) => {
  const { app } = await buildTestApp(t)

  const { headers, body } = await app.inject('/decide')

  assert.doesNotMatch(body, /<script|style=|onclick/)
  assert.match(String(headers['content-security-policy']), /form-action 'self'/)
})

test('the address of a sent form shows the decision, with the answers checked', async (t) => {
  const { app } = await buildTestApp(t)

  const { body } = await app.inject('/decide?load=high&team=')

  assert.match(body, /<h2 id="answer">Python\.<\/h2>/)
  assert.match(body, /aria-label="Python 0\.70, best in 80 %; Both 0\.50, best in 20 %"/)
  assert.match(body, /value="high" checked/)
  assert.match(body, /href="\/decide\/record\.md\?load=high"/)
  assert.match(body, /Your lab run: 1\.9 \(1\.7 to 2\.1\)/)
})

test('one question at a time keeps the answers of the others', async (t) => {
  const { app } = await buildTestApp(t)

  const { body } = await app.inject('/decide?load=high&step=2')

  assert.match(body, /Question 2 of 2/)
  assert.match(body, /<input type="hidden" name="load" value="high">/)
  assert.match(body, /<input type="hidden" name="step" value="3">/)
  assert.equal(body.match(/<fieldset>/g)?.length, 1)
})

test('the step after the last question shows the decision', async (t) => {
  const { app } = await buildTestApp(t)

  const { body } = await app.inject('/decide?load=high&step=3')

  assert.match(body, /<h2 id="answer">/)
})

test('a form without an answer says so above the questions', async (t) => {
  const { app } = await buildTestApp(t)

  const { statusCode, body } = await app.inject('/decide?load=&team=')

  assert.equal(statusCode, 400)
  assert.match(body, /<p class="decide-error" role="alert">There is no answer\.<\/p>/)
  assert.match(body, /<fieldset>/)
})

test('the page escapes every text', async (t) => {
  const { app } = await buildTestApp(t)

  const { body } = await app.inject(`/decide?load=${encodeURIComponent('"><script>')}&step=2`)

  assert.match(body, /Which &lt;team&gt;\?/)
  assert.match(body, /value="&quot;&gt;&lt;script&gt;"/)
})

test('without a recommender the page shows the error to read', async (t) => {
  const { app, recommender } = await buildTestApp(t)
  recommender.fail('RECOMMENDER_UNAVAILABLE')

  const { statusCode, headers, body } = await app.inject('/decide?load=low')

  assert.equal(statusCode, 503)
  assert.equal(headers['content-type'], 'text/html; charset=utf-8')
  assert.match(body, /<p class="decide-error" role="alert">/)
  assert.doesNotMatch(body, /<fieldset>/)
})

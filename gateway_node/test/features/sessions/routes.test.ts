import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildTestApp } from '../../build-app.ts'

test('the demo issues a token for any user', async (t) => {
  const { app, gateway } = await buildTestApp(t)

  const { statusCode, ...answer } = await app.inject({
    method: 'POST',
    url: '/v1/sessions',
    payload: { userId: '196' },
  })

  const { token, expiresAt, ...session } = answer.json()
  assert.deepEqual([statusCode, session], [201, { role: 'viewer', userId: '196' }])
  assert.ok(Math.abs(Date.parse(expiresAt) - Date.now() - 3_600_000) < 5000)
  const own = await gateway.get('/v1/users/196/recommendations', { authorization: `Bearer ${token}` })
  assert.equal(own.status, 200)
})

test('the demo issues a token for the operator', async (t) => {
  const { app, gateway } = await buildTestApp(t)

  const answer = await app.inject({ method: 'POST', url: '/v1/sessions', payload: { role: 'operator' } })

  const { token, role } = answer.json()
  assert.equal(role, 'operator')
  assert.equal((await gateway.get('/v1/jobs', { authorization: `Bearer ${token}` })).status, 200)
})

test('a user with the name operator has the role viewer', async (t) => {
  const { app, gateway } = await buildTestApp(t)
  const answer = await app.inject({ method: 'POST', url: '/v1/sessions', payload: { userId: 'operator' } })

  const jobs = await gateway.get('/v1/jobs', { authorization: `Bearer ${answer.json().token}` })

  assert.deepEqual([jobs.status, jobs.body.reason], [403, 'ACCESS_DENIED'])
})

const wishes = [
  {},
  { role: 'viewer' },
  { userId: '' },
  { userId: 'a\u0000' },
  { userId: '1', role: 'operator' },
  { user: '1' },
]
for (const payload of wishes) {
  test(`a session for ${JSON.stringify(payload)} is refused`, async (t) => {
    const { app } = await buildTestApp(t)

    const answer = await app.inject({ method: 'POST', url: '/v1/sessions', payload })

    assert.deepEqual([answer.statusCode, answer.json().reason], [400, 'REQUEST_INVALID'])
  })
}

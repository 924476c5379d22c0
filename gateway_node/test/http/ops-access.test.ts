import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { withoutSecrets } from '../../src/config.ts'
import { buildTestApp } from '../build-app.ts'
import { tokenOf } from '../sign-in.ts'

const opsToken = 'a-token-for-operations'

async function readMetrics(t: TestContext, environment: Record<string, string>, authorization?: string) {
  const { app } = await buildTestApp(t, environment)
  const headers = authorization === undefined ? {} : { authorization }
  const { statusCode, headers: answered, payload } = await app.inject({ url: '/metrics', headers })
  return { status: statusCode, headers: answered, payload }
}

test('metrics are refused without OPS_TOKEN', async (t) => {
  const { status, headers, payload } = await readMetrics(t, { OPS_TOKEN: opsToken })

  assert.deepEqual([status, JSON.parse(payload).reason], [401, 'TOKEN_INVALID'])
  assert.equal(headers['www-authenticate'], 'Bearer')
})

for (const authorization of ['Bearer another-token-of-that-sort', `Basic ${opsToken}`, `bearer${opsToken}`]) {
  test(`metrics are not read with ${authorization}`, async (t) => {
    const { status } = await readMetrics(t, { OPS_TOKEN: opsToken }, authorization)

    assert.equal(status, 401)
  })
}

test("no user's token opens metrics, not even the operator's", async (t) => {
  const { app } = await buildTestApp(t, { OPS_TOKEN: opsToken })
  const headers = { authorization: `Bearer ${await tokenOf(app)}` }

  const { statusCode } = await app.inject({ url: '/metrics', headers })

  assert.equal(statusCode, 401)
})

test('metrics are served to a request with OPS_TOKEN', async (t) => {
  const { status, payload } = await readMetrics(
    t,
    { OPS_TOKEN: opsToken, GATEWAY_HOST: '0.0.0.0' },
    `Bearer ${opsToken}`,
  )

  assert.equal(status, 200)
  assert.match(payload, /gateway_http_request_duration_seconds/)
})

test('a gateway that other machines can reach serves no metrics until OPS_TOKEN is set', async (t) => {
  const { status, payload } = await readMetrics(t, { GATEWAY_HOST: '0.0.0.0' })

  assert.equal(status, 401)
  assert.match(JSON.parse(payload).detail, /Set OPS_TOKEN/)
})

for (const host of ['127.0.0.1', 'localhost', '::1']) {
  test(`a gateway on ${host} serves its metrics without a token`, async (t) => {
    assert.equal((await readMetrics(t, { GATEWAY_HOST: host })).status, 200)
  })
}

test('OPS_TOKEN is never logged', async (t) => {
  const { app } = await buildTestApp(t, { OPS_TOKEN: opsToken })

  assert.equal(withoutSecrets(app.config).opsToken, '***')
})

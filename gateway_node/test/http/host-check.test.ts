// A page that points its own name at this machine (DNS rebinding). Its browser takes the gateway for the page's origin, but sends the name in `Host`.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildTestApp } from '../build-app.ts'
import { RawConnection } from '../raw-connection.ts'

const evil = 'rebound.example:3000'

for (const url of ['/', '/v1/items/1', '/v1/nowhere', '/docs', '/openapi.json', '/metrics']) {
  test(`a page that points its own name at the gateway can't read ${url}`, async (t) => {
    const { gateway } = await buildTestApp(t)

    const { status, headers, body } = await gateway.get(url, { host: evil })

    assert.deepEqual([status, body.reason], [421, 'HOST_REFUSED'])
    assert.match(String(headers['content-type']), /^application\/problem\+json/)
    assert.match(String(body.detail), /rebound\.example:3000.*GATEWAY_ALLOWED_HOSTS/)
  })
}

test('a page that points its own name at the gateway opens no session', async (t) => {
  const { gateway } = await buildTestApp(t)
  const headers = { host: evil, origin: `http://${evil}` }

  const { status } = await gateway.send({ method: 'POST', url: '/v1/sessions', headers, payload: { role: 'operator' } })

  assert.equal(status, 421)
})

test('a page that points its own name at the gateway gets no answer to a preflight', async (t) => {
  const { gateway } = await buildTestApp(t, { GATEWAY_ALLOWED_ORIGINS: 'https://shop.example' })
  const headers = { host: evil, origin: 'https://shop.example', 'access-control-request-method': 'POST' }

  const { status } = await gateway.send({ method: 'OPTIONS', url: '/v1/interactions', headers })

  assert.equal(status, 421)
})

async function statuses(hosts: string[], environment: Record<string, string>, t: Parameters<typeof buildTestApp>[0]) {
  const { gateway } = await buildTestApp(t, environment)
  const answers = await Promise.all(hosts.map((host) => gateway.get('/v1/items/1', { host })))
  return answers.map(({ status }) => status)
}

test('a request with a loopback name as Host is answered, whatever its port', async (t) => {
  const hosts = ['localhost', 'LOCALHOST:1', 'localhost.:3000', '127.0.0.1:3000', '127.0.0.2', '[::1]:3000']

  assert.deepEqual(await statuses(hosts, {}, t), Array(hosts.length).fill(200))
})

test('a request with a Host that the settings name is answered', async (t) => {
  const settings = {
    GATEWAY_HOST: 'gateway.internal',
    GATEWAY_ALLOWED_HOSTS: 'api.example, 10.0.0.7',
    GATEWAY_ALLOWED_ORIGINS: 'https://shop.example:8443',
  }
  const hosts = ['gateway.internal:3000', 'API.example', '10.0.0.7:80', 'shop.example']

  assert.deepEqual(await statuses(hosts, settings, t), Array(hosts.length).fill(200))
})

test('names that only look like a known one are refused', async (t) => {
  const hosts = [
    'localhost.rebound.example',
    '127.0.0.1.rebound.example',
    'localhost:x',
    'a@localhost',
    '10.0.0.7',
    '[::2]',
  ]

  assert.deepEqual(await statuses(hosts, {}, t), Array(hosts.length).fill(421))
})

test('a malformed Host is refused, even if the name of an allowed origin has the same fault', async (t) => {
  assert.deepEqual(await statuses(['x~y.example', 'app~b'], { GATEWAY_ALLOWED_ORIGINS: 'app://app~a' }, t), [421, 421])
})

test('a gateway on all addresses answers every IP address as Host, and no unknown name', async (t) => {
  const hosts = ['10.0.0.7:3000', '[fd00::7]:3000', 'rebound.example']

  assert.deepEqual(await statuses(hosts, { GATEWAY_HOST: '0.0.0.0' }, t), [200, 200, 421])
})

test('probes are answered whatever their Host is', async (t) => {
  const { gateway } = await buildTestApp(t)

  const answers = await Promise.all(['/healthz', '/readyz'].map((url) => gateway.get(url, { host: '10.1.2.3:3000' })))

  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200],
  )
})

for (const hosts of [
  ['localhost', evil],
  [evil, 'localhost'],
])
  test(`a second Host does not hide a foreign one: ${hosts.join(', ')}`, async (t) => {
    const { app } = await buildTestApp(t)
    const connection = await RawConnection.open(app)
    const lines = hosts.map((host) => `host: ${host}\r\n`)

    connection.send(`GET /openapi.json HTTP/1.1\r\nconnection: close\r\n${lines.join('')}\r\n`)

    assert.equal((await connection.untilClosed()).status, 421)
  })

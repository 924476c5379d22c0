import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildTestApp } from '../build-app.ts'
import { RawConnection } from '../raw-connection.ts'

const paths = [
  '//v1/stats',
  '///v1/stats',
  '//',
  '/v1//stats',
  '/./v1/stats',
  '/v1/./stats',
  '/v1/../v1/stats',
  '/%2e/v1/stats',
  '/v1%2fstats',
  '/%2fv1/stats',
  '/v1/stats/',
  '/v1/stats%20',
  '/V1/stats',
  '/v1/stats;x',
  '/v1',
  '//app.js',
  '/app.js/',
  '/vendor//htm.js',
  '/..%2fpackage.json',
  '/.git/config',
  '/%00',
  '/a%00b',
  '/\\v1\\stats',
  '/docs//',
  '/docs/static//index.css',
  '/docs/static/..%2f..%2fx',
  'http://localhost/v1/stats/',
]

for (const method of ['GET', 'POST', 'HEAD'])
  test(`${method} of a path that is almost a route's is no route`, { timeout: 20_000 }, async (t) => {
    const { app } = await buildTestApp(t)

    const answers = await Promise.all(
      paths.map(async (path) => {
        const connection = await RawConnection.open(app)
        const { status, body } = await connection.sendHead(`${method} ${path}`, { connection: 'close' }).untilClosed()
        return [path, status, body === '' ? '' : JSON.parse(body).reason]
      }),
    )

    const reason = method === 'HEAD' ? '' : 'ROUTE_UNKNOWN'
    assert.deepEqual(
      answers,
      paths.map((path) => [path, 404, reason]),
    )
  })

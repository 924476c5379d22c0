import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildTestApp } from '../../build-app.ts'

test('the catalogue is listed, searched and paged', async (t) => {
  const { gateway, recommender } = await buildTestApp(t)

  const { body } = await gateway.get('/v1/items?query=Film%201&genre=Drama&pageSize=2&pageToken=next')

  assert.deepEqual(recommender.calls.at(-1)?.request, {
    query: 'Film 1',
    genre: 'Drama',
    pageSize: 2,
    pageToken: 'next',
  })
  assert.equal((body.items as unknown[]).length, 2)
})

test('every genre of the catalogue is listed once', async (t) => {
  const { gateway } = await buildTestApp(t)

  const { status, body } = await gateway.get('/v1/genres')

  assert.deepEqual([status, body], [200, { genres: ['Comedy', 'Drama'] }])
})

test('an item has its title, year and genres', async (t) => {
  const { gateway } = await buildTestApp(t)

  const { status, body } = await gateway.get('/v1/items/1')

  assert.equal(status, 200)
  assert.deepEqual(body, { itemId: '1', title: 'Film 1', year: null, genres: ['Comedy'] })
})

test('the list of similar items names the item', async (t) => {
  const { gateway } = await buildTestApp(t)

  const { body } = await gateway.get('/v1/items/1/similar?limit=1')

  assert.deepEqual(body, {
    itemId: '1',
    items: [{ itemId: '2', title: 'Film 2', year: 1981, genres: ['Drama'], score: 1 }],
  })
})

test('an unknown item is not found', async (t) => {
  const { gateway } = await buildTestApp(t)

  for (const path of ['/v1/items/none', '/v1/items/none/similar']) {
    const { status, body } = await gateway.get(path)
    assert.deepEqual([status, body.reason], [404, 'ITEM_UNKNOWN'])
  }
})

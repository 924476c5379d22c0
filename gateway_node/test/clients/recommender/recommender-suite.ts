// The behaviour of every recommender, the gRPC client and the fake.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import type { Call, RecommendedItem, Recommender } from '../../../src/clients/recommender/recommender.ts'
import type { FakeRecommender } from '../../fakes.ts'
import { deadLetter } from '../../features/dead-letters/dead-letter.ts'
import { decision, questionnaire } from '../../features/decisions/decision.ts'

export type RecommenderUnderTest = { recommender: Recommender; fake: FakeRecommender }

export const call: Call = {
  expiresAt: performance.now() + 60_000,
  requestId: 'request-1',
  traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
}
const page = { pageSize: 5, pageToken: '' }

export function testRecommender(name: string, open: (t: TestContext) => Promise<RecommenderUnderTest>) {
  test(`${name}: a user with a history gets other items, with reasons`, async (t) => {
    const { recommender } = await open(t)

    const answer = await recommender.recommend({ userId: '1', limit: 3 }, call)

    assert.equal(answer.source, 'model')
    assert.equal(answer.degraded, false)
    const items = answer.items.map((item) => JSON.parse(item) as RecommendedItem)
    assert.deepEqual(
      items.map(({ itemId }) => itemId),
      ['2', '3', '4'],
    )
    assert.deepEqual(items[0]?.why, [{ itemId: '1', title: 'Film 1' }])
  })

  test(`${name}: a user without a history gets popular items`, async (t) => {
    const { recommender } = await open(t)

    const answer = await recommender.recommend({ userId: randomUUID(), limit: 2 }, call)

    assert.equal(answer.source, 'fallback')
    assert.equal(answer.items.length, 2)
  })

  test(`${name}: an item has its title, year and genres`, async (t) => {
    const { recommender } = await open(t)

    const items = [await recommender.getItem('1', call), await recommender.getItem('2', call)]

    assert.deepEqual(items, [
      { itemId: '1', title: 'Film 1', year: null, genres: ['Comedy'] },
      { itemId: '2', title: 'Film 2', year: 1981, genres: ['Drama'] },
    ])
  })

  test(`${name}: an unknown item, user, version or file has its own reason`, async (t) => {
    const { recommender } = await open(t)

    await assert.rejects(recommender.getItem('none', call), { reason: 'ITEM_UNKNOWN' })
    await assert.rejects(recommender.getUser('none', call), { reason: 'USER_UNKNOWN' })
    await assert.rejects(recommender.promoteModel('none', call), { reason: 'MODEL_VERSION_UNKNOWN' })
    await assert.rejects(recommender.readResult('none', call), { reason: 'JOB_RESULT_MISSING' })
  })

  test(`${name}: a decision has its evidence and its smallest change`, async (t) => {
    const { recommender } = await open(t)

    const questions = await recommender.getQuestionnaire(call)
    const decided = await recommender.decide({ load: 'low' }, call)

    assert.deepEqual(questions, questionnaire)
    assert.deepEqual(decided, decision)
    await assert.rejects(recommender.decide({}, call), { reason: 'REQUEST_INVALID', message: 'There is no answer.' })
  })

  test(`${name}: lists come in pages`, async (t) => {
    const { recommender } = await open(t)

    const { items } = await recommender.listItems({ query: 'Film', genre: '', ...page }, call)
    const genres = await recommender.listGenres(call)
    const { users } = await recommender.listUsers({ query: '', ...page }, call)
    const { interactions, asOfOffset } = await recommender.listInteractions({ userId: '1', ...page }, call)
    const ofANewUser = await recommender.listInteractions({ userId: 'none', ...page }, call)
    const similar = await recommender.listSimilarItems({ itemId: '1', limit: 4 }, call)

    assert.equal(items.length, 5)
    assert.deepEqual(genres, ['Comedy', 'Drama'])
    assert.deepEqual(users, [{ userId: '1', interactionCount: 1 }])
    assert.equal(interactions[0]?.title, 'Film 1')
    assert.equal(asOfOffset, null)
    assert.deepEqual(ofANewUser.interactions, [])
    assert.deepEqual(
      similar.items.map(({ itemId }) => itemId),
      ['2', '3', '4', '5'],
    )
  })

  test(`${name}: the live version is among the versions`, async (t) => {
    const { recommender, fake } = await open(t)

    const live = await recommender.getModel('', call)
    const { models } = await recommender.listModels(page, call)

    assert.equal(live.version, fake.modelVersion)
    assert.deepEqual(models, [live])
  })

  test(`${name}: a job's file comes with its name and all its bytes`, async (t) => {
    const { recommender, fake } = await open(t)
    const chunks = Array.from({ length: 50 }, () => new Uint8Array(64 * 1024).fill(7))
    fake.results.set('job', { name: 'top.csv', mediaType: 'text/csv', chunks })

    const { header, body } = await recommender.readResult('job', call)
    const bytes = await buffer(body)

    assert.deepEqual(header, { name: 'top.csv', mediaType: 'text/csv', sizeBytes: bytes.length })
    assert.equal(bytes.length, 50 * 64 * 1024)
  })

  test(`${name}: a dead letter is listed and read, and is gone after a replay or a drop`, async (t) => {
    const { recommender, fake } = await open(t)
    const { body, ...letter } = deadLetter('a')
    for (const id of ['a', 'b']) fake.deadLetters.set(id, deadLetter(id))

    const { deadLetters } = await recommender.listDeadLetters({ pageSize: 1, pageToken: '' }, call)
    const found = await recommender.getDeadLetter('a', call)
    const replayed = await recommender.replayDeadLetter('a', call)
    const dropped = await recommender.dropDeadLetter('b', call)

    assert.deepEqual([deadLetters, found], [[letter], { ...letter, body }])
    assert.deepEqual([replayed, dropped.deadLetterId], [{ deadLetter: letter, queued: true }, 'b'])
    await assert.rejects(recommender.getDeadLetter('a', call), { reason: 'DEAD_LETTER_UNKNOWN' })
  })

  test(`${name}: a failure has the reason that the recommender gave`, async (t) => {
    const { recommender, fake } = await open(t)
    fake.fail('STORE_UNAVAILABLE')

    const listing = recommender.listInteractions({ userId: '1', ...page }, call)

    await assert.rejects(listing, { reason: 'STORE_UNAVAILABLE' })
  })
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { genres, learnGenres, rememberTitles } from '../../web/state/catalogue.js'
import { answerWith } from './browser.ts'

test('the genre filter offers all genres of the catalogue', async (t) => {
  answerWith(t, { '/v1/genres': () => ({ genres: ['Comedy', 'Drama', 'Western'] }) })

  rememberTitles([{ itemId: '1', title: 'Toy Story' }])
  await learnGenres()

  assert.deepEqual(genres.value, ['Comedy', 'Drama', 'Western'])
})

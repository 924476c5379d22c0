/** The title, year, genres and score of an item. */
import { html } from '../html.js'
import { showItem } from '../state/catalogue.js'

/** @param {{item: import('../shapes.js').Item}} props */
export const ItemTitle = ({ item }) => html`
  <button type="button" class="link title" title="Similar films" onClick=${() => showItem(item)}>${item.title}</button>
  ${item.year && html` <span class="quiet">${item.year}</span>`}
  ${' '}<${Genres} genres=${item.genres} />
`

/** @param {{genres: string[]}} props */
export const Genres = ({ genres }) =>
  html`<span class="genres">${genres.map((genre) => html`<span key=${genre}>${genre}</span>`)}</span>`

/** Scores are comparable only within one answer, so the bar is relative to its best score. @param {{score: number, best: number}} props */
export const ScoreBar = ({ score, best }) => html`
  <span class="score" title="Score ${score}; comparable within this list only">
    <span class="score-track" aria-hidden="true">
      <span class="score-fill" style=${{ width: `${best > 0 ? Math.max(0, Math.min(1, score / best)) * 100 : 0}%` }}></span>
    </span>
    <span class="score-figure"><span class="visually-hidden">score </span>${formatScore(score)}</span>
  </span>
`

const formatScore = (score) => (Math.abs(score) >= 100 ? score.toFixed(0) : score.toPrecision(3))

/** The catalogue: search films, rate them, see similar ones. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { html } from '../html.js'
import {
  answeredSearch,
  findMoreItems,
  foundItems,
  foundPageToken,
  genres,
  learnGenres,
  searchItems,
} from '../state/catalogue.js'
import { isOperator } from '../state/session.js'
import { ItemTitle } from './item-facts.js'
import { OwnStars } from './own-stars.js'
import { Panel } from './panel.js'

const TYPING_PAUSE_MS = 250

export const CataloguePanel = () => html`
  <${Panel} id="catalogue" title=${isOperator.value ? 'Any film' : 'Rate any film'} flow="flow 2 · tell">
    <${ItemSearchForm} />
    <${Found} />
  </${Panel}>
`

function ItemSearchForm() {
  const [search, setSearch] = useState({ query: '', genre: '' })
  const isFirst = useRef(true)
  useEffect(() => {
    learnGenres()
  }, [])
  useEffect(() => {
    const pause = isFirst.current ? 0 : TYPING_PAUSE_MS
    isFirst.current = false
    const timer = setTimeout(() => searchItems(search), pause)
    return () => clearTimeout(timer)
  }, [search])
  return html`
    <form class="row" role="search" aria-label="Films" onSubmit=${(event) => event.preventDefault()}>
      <label class="visually-hidden" for="item-query">Title contains</label>
      <input
        id="item-query"
        type="search"
        placeholder="Title contains …"
        autocomplete="off"
        onInput=${(event) => setSearch({ ...search, query: event.currentTarget.value.trim() })}
      />
      <label class="visually-hidden" for="item-genre">Genre</label>
      <select id="item-genre" value=${search.genre} onChange=${(event) => setSearch({ ...search, genre: event.currentTarget.value })}>
        <option value="">all genres</option>
        ${genres.value.map((genre) => html`<option key=${genre} value=${genre}>${genre}</option>`)}
      </select>
    </form>
  `
}

function Found() {
  if (!answeredSearch.value) return null
  if (foundItems.value.length === 0) return html`<p class="quiet">No film matches.</p>`
  return html`
    <ul class="items items-plain" aria-label="Films found">
      ${foundItems.value.map((item) => html`<li class="item" key=${item.itemId}><${FoundItem} item=${item} /></li>`)}
    </ul>
    ${foundPageToken.value !== null && html`<button type="button" class="button button-wide" onClick=${findMoreItems}>Show more</button>`}
  `
}

/** @param {{item: import('../shapes.js').Item}} props */
const FoundItem = ({ item }) => html`
  <div class="item-body"><p class="item-head"><${ItemTitle} item=${item} /></p></div>
  <div class="item-side">
    <${OwnStars} item=${item} />
  </div>
`

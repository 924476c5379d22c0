/**
 * The catalogue: the search, the item of the dialog with similar ones, and the titles that the page knows.
 * @import {Item, ItemReference, SimilarItem} from '../shapes.js'
 */
import { batch, signal } from '@preact/signals'
import { ask } from '../api.js'
import { notify } from './notices.js'

const PAGE_SIZE = 8
const SIMILAR_LIMIT = 8

/** @typedef {{query: string, genre: string}} ItemSearch */

/** @type {import('@preact/signals').Signal<Item[]>} */
export const foundItems = signal([])
/** @type {import('@preact/signals').Signal<string | null>} */
export const foundPageToken = signal(null)
/** The search that `foundItems` answers. @type {import('@preact/signals').Signal<ItemSearch | null>} */
export const answeredSearch = signal(null)
/** All genres of the catalogue. @type {import('@preact/signals').Signal<string[]>} */
export const genres = signal([])
/** The item that the dialog shows. @type {import('@preact/signals').Signal<{item: Item, similar: SimilarItem[] | null, failure: Error & {reason?: string} | null} | null>} */
export const openItem = signal(null)

/** @type {import('@preact/signals').Signal<Map<string, string>>} */
const titles = signal(new Map())
/** @type {Set<string>} */
const wanted = new Set()
let newestSearch = 0

/** @param {ItemReference[]} items */
export function rememberTitles(items) {
  if (items.some(({ itemId }) => !titles.value.has(itemId))) {
    titles.value = new Map([
      ...titles.value,
      ...items.map(({ itemId, title }) => /** @type {const} */ ([itemId, title])),
    ])
  }
}

/** Returns the title if the page knows it, else the id. @param {string} itemId */
export const titleOf = (itemId) => titles.value.get(itemId) ?? `item ${itemId}`

/** Requests a title that the page doesn't know, once. @param {string} itemId */
export async function learnTitle(itemId) {
  if (titles.value.has(itemId) || wanted.has(itemId)) return
  wanted.add(itemId)
  try {
    rememberTitles([(await ask(`/v1/items/${encodeURIComponent(itemId)}`)).body])
  } catch (error) {
    // The page shows the id, and a later event requests the title again.
    wanted.delete(itemId)
    console.warn('title unknown', { itemId, reason: error.reason })
  }
}

/** Reads all genres, once. */
export async function learnGenres() {
  if (genres.value.length > 0) return
  try {
    genres.value = (await ask('/v1/genres')).body.genres
  } catch (error) {
    notify('The genres can’t be listed', error, learnGenres)
  }
}

/** @param {ItemSearch} search */
export async function searchItems(search) {
  await find(search, null, (items) => items)
}

/** Adds the next page of the same search. */
export async function findMoreItems() {
  if (answeredSearch.value)
    await find(answeredSearch.value, foundPageToken.value, (items) => [...foundItems.value, ...items])
}

async function find(search, pageToken, merge) {
  newestSearch += 1
  const number = newestSearch
  try {
    const { body } = await ask('/v1/items', { query: { ...search, pageSize: PAGE_SIZE, pageToken } })
    // While the user types, an older answer may arrive after a newer one.
    if (number !== newestSearch) return
    rememberTitles(body.items)
    batch(() => {
      foundItems.value = merge(body.items)
      foundPageToken.value = body.nextPageToken ?? null
      answeredSearch.value = search
    })
  } catch (error) {
    if (number === newestSearch) notify('The catalogue can’t be searched', error, () => find(search, pageToken, merge))
  }
}

/** Opens the dialog on an item, and requests its missing fields and similar items. @param {ItemReference & Partial<Item>} reference */
export async function showItem(reference) {
  openItem.value = { item: { genres: [], ...reference }, similar: null, failure: null }
  const path = `/v1/items/${encodeURIComponent(reference.itemId)}`
  try {
    const [item, similar] = await Promise.all([ask(path), ask(`${path}/similar`, { query: { limit: SIMILAR_LIMIT } })])
    rememberTitles([item.body, ...similar.body.items])
    update(reference.itemId, { item: item.body, similar: similar.body.items })
  } catch (error) {
    update(reference.itemId, { failure: error })
  }
}

/** Closes the dialog. */
export function closeItem() {
  openItem.value = null
}

function update(itemId, change) {
  if (openItem.value?.item.itemId === itemId) openItem.value = { ...openItem.value, ...change }
}

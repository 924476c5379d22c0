/**
 * The difference between two lists of recommendations. Pure functions.
 * @import {RecommendedItem} from '../shapes.js'
 */

/**
 * @typedef {{kind: 'new'} | {kind: 'up' | 'down', places: number}} Mark
 * @typedef {{marks: Map<string, Mark>, appeared: number, moved: number, left: number}} ListChange
 */

/** @type {ListChange} */
export const NO_CHANGE = { marks: new Map(), appeared: 0, moved: 0, left: 0 }

/**
 * @param {RecommendedItem[]} before
 * @param {RecommendedItem[]} after
 * @returns {ListChange}
 */
export function compareLists(before, after) {
  const placesBefore = new Map(before.map((item, place) => [item.itemId, place]))
  const marks = new Map()
  for (const [place, item] of after.entries()) {
    const mark = markOf(placesBefore.get(item.itemId), place)
    if (mark) marks.set(item.itemId, mark)
  }
  const appeared = [...marks.values()].filter(({ kind }) => kind === 'new').length
  const stayed = after.length - appeared
  return { marks, appeared, moved: marks.size - appeared, left: before.length - stayed }
}

function markOf(placeBefore, place) {
  if (placeBefore === undefined) return { kind: 'new' }
  if (placeBefore === place) return null
  return { kind: place < placeBefore ? 'up' : 'down', places: Math.abs(place - placeBefore) }
}

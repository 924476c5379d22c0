// Renders recommended items as JSON. A batch answer holds places in a catalogue instead of items (docs/adr/0007). The JSON of each item of a
// catalogue is rendered once, and each answer is joined from these pieces.
import { LRUCache } from 'lru-cache'
import { AppError } from '../../errors.ts'
import type { BatchRecommendResponse, RankedItems, Item as WireItem } from '../../gen/whynotboth/v1/recommender.ts'
import { toItem } from './messages.ts'
import type { RenderedItem } from './recommender.ts'

/** The JSON of an item: `opening` begins a recommended item and ends before its score; `mention` names the item in a reason. */
type Piece = { opening: string; mention: string }
export type Catalogue = Piece[]

/** While recommenders change to a new catalogue, answers refer to the old or the new one. */
const keptCatalogues = 4

export function createCatalogues() {
  const known = new LRUCache<string, Catalogue>({ max: keptCatalogues })
  let knownIds: string[] = []
  return {
    get knownIds() {
      return knownIds
    },
    /** Return the catalogue of a batch. The batch contains it, unless the request named it as known. */
    of({ catalogueId, catalogue: items }: BatchRecommendResponse): Catalogue {
      const catalogue = known.get(catalogueId) ?? items.map(toPiece)
      if (items.length > 0) {
        known.set(catalogueId, catalogue)
        knownIds = [...known.keys()]
      }
      return catalogue
    },
  }
}

/** Return the JSON of each recommended item. `reasons` holds two places for each item, each plus one; 0 means no reason. */
export function renderItems(catalogue: Catalogue, { places, scores, reasons }: RankedItems): RenderedItem[] {
  return places.map((place, index) => {
    const first = reasons[2 * index] ?? 0
    const second = reasons[2 * index + 1] ?? 0
    const why = second > 0 ? `${mention(catalogue, first)},${mention(catalogue, second)}` : mention(catalogue, first)
    return `${pieceAt(catalogue, place).opening}${scores[index]},"why":[${why}]}`
  })
}

function mention(catalogue: Catalogue, reason: number): string {
  return reason > 0 ? pieceAt(catalogue, reason - 1).mention : ''
}

function pieceAt(catalogue: Catalogue, place: number): Piece {
  const piece = catalogue[place]
  if (piece === undefined) throw new AppError('UPSTREAM_FAILED', `The recommender's catalogue has no place ${place}.`)
  return piece
}

function toPiece(message: WireItem): Piece {
  const item = toItem(message)
  const { itemId, title } = item
  return { opening: `${JSON.stringify(item).slice(0, -1)},"score":`, mention: JSON.stringify({ itemId, title }) }
}

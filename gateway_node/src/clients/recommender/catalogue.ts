// The catalogue that answers speak of, as JSON that is rendered once: each answer is put together from its pieces.
import { LRUCache } from 'lru-cache'
import { AppError } from '../../errors.ts'
import type { BatchRecommendResponse, RankedItems, Item as WireItem } from '../../gen/whynotboth/v1/recommender.ts'
import { toItem } from './messages.ts'
import type { RenderedItem } from './recommender.ts'

/** An item as the beginning of a recommended one, which its score follows, and as a reason names it. */
type Piece = { opening: string; mention: string }
export type Catalogue = Piece[]

/** While a new catalogue spreads over the recommenders, answers speak of two. */
const keptCatalogues = 4

export function createCatalogues() {
  const known = new LRUCache<string, Catalogue>({ max: keptCatalogues })
  let knownIds: string[] = []
  return {
    get knownIds() {
      return knownIds
    },
    /** The catalogue that a batch speaks of: a known one, or it came along. */
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

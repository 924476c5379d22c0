// The catalogue that answers speak of, as JSON that is rendered once: each answer is put together from its pieces.
import { LRUCache } from 'lru-cache'
import { AppError } from '../errors.ts'
import type { BatchRecommendResponse, RankedItems, Item as WireItem } from '../gen/whynotboth/v1/recommender.ts'
import { toItem } from './messages.ts'
import type { RenderedItem } from './recommender.ts'

/** An item as the beginning of a recommended one, which its score follows, and as a reason names it. */
type Piece = { opening: string; mention: string }
export type Catalogue = Piece[]

/** While a new catalogue spreads over the recommenders, answers speak of two. */
const keptCatalogues = 4

export function createCatalogues() {
  const known = new LRUCache<string, Catalogue>({ max: keptCatalogues })
  return {
    knownIds: () => [...known.keys()],
    /** The catalogue that a batch speaks of: a known one, or it came along. */
    of({ catalogueId, catalogue: items }: BatchRecommendResponse): Catalogue {
      const catalogue = known.get(catalogueId) ?? items.map(toPiece)
      if (items.length > 0) known.set(catalogueId, catalogue)
      return catalogue
    },
  }
}

export function renderItems(catalogue: Catalogue, { places, scores, reasons }: RankedItems): RenderedItem[] {
  return places.map((place, index) => {
    const why = reasons
      .slice(2 * index, 2 * index + 2)
      .filter((reason) => reason > 0)
      .map((reason) => pieceAt(catalogue, reason - 1).mention)
    return `${pieceAt(catalogue, place).opening}${scores[index]},"why":[${why.join(',')}]}`
  })
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

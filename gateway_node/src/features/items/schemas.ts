import { Type } from 'typebox'
import { Item, ItemId, Limit, NextPageToken, pageQuery, ScoredItem, strict } from '../../http/schemas.ts'

export const ItemPath = Type.Object({ itemId: ItemId })

export const ItemsQuery = Type.Object(
  {
    query: Type.String({ maxLength: 200, default: '', description: 'Only items whose title contains this.' }),
    genre: Type.String({ maxLength: 200, default: '', description: 'Only items of this genre.' }),
    ...pageQuery,
  },
  strict,
)

export const ItemList = Type.Object({ items: Type.Array(Item), nextPageToken: NextPageToken })

export const GenreList = Type.Object({
  genres: Type.Array(Type.String(), { description: 'Each once, in the order of the alphabet.' }),
})

export const SimilarQuery = Type.Object({ limit: Limit }, strict)

export const SimilarItems = Type.Object({ itemId: Type.String(), items: Type.Array(ScoredItem) })

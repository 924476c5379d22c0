// Schemas that the routes of several features share.
import { type TSchema, Type } from 'typebox'
import { Id } from '../clients/ids.ts'

export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])

export const UserId = Id('196')
/** The user of the examples that change data. No data set has it, so an example that is executed changes nobody's data. */
export const exampleUser = 'docs-example'
export const ExampleUserId = Id(exampleUser)
export const ItemId = Id('50')
export const Limit = Type.Integer({ minimum: 1, maximum: 100, default: 10, description: 'How many at most.' })

export const pageQuery = {
  pageSize: Type.Integer({ minimum: 1, maximum: 100, default: 20, description: 'How many at most.' }),
  pageToken: Type.String({ maxLength: 1000, default: '', description: 'The `nextPageToken` of the page before.' }),
}
export const NextPageToken = Type.Optional(Type.String({ description: 'Absent on the last page.' }))

const itemFields = {
  itemId: Type.String(),
  title: Type.String(),
  year: Nullable(Type.Integer()),
  genres: Type.Array(Type.String()),
}

export const Item = Type.Object(itemFields)
export const ScoredItem = Type.Object({ ...itemFields, score: Type.Number() })
export const RecommendedItem = Type.Object({
  ...itemFields,
  score: Type.Number(),
  why: Type.Array(Type.Object({ itemId: Type.String(), title: Type.String() }), {
    description: 'The items of the history that contributed most, most first.',
  }),
})

/** An object that refuses unknown properties. */
export const strict = { additionalProperties: false }

import { Type } from 'typebox'
import { NextPageToken, pageQuery, strict } from '../../http/schemas.ts'

export const ModelPath = Type.Object({ version: Type.String({ minLength: 1, maxLength: 200 }) })

export const ModelsQuery = Type.Object(pageQuery, strict)

export const Model = Type.Object({
  version: Type.String({ description: 'Sorts by time.' }),
  estimator: Type.String(),
  params: Type.Record(Type.String(), Type.Unknown()),
  metrics: Type.Record(Type.String(), Type.Number()),
  createdAt: Type.String({ format: 'date-time' }),
  live: Type.Boolean(),
})

export const ModelList = Type.Object({ models: Type.Array(Model), nextPageToken: NextPageToken })

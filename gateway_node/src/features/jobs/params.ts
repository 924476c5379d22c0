// Parameters that several kinds of job take.
import { Type } from 'typebox'

const estimators = ['ease', 'sparse_ease', 'svd', 'item_knn', 'popularity'] as const

export const Estimators = Type.Array(Type.Enum(estimators), {
  uniqueItems: true,
  maxItems: estimators.length,
  description: 'Absent or empty: all that a training can afford; sparse_ease only where ease is too expensive.',
})

export const Seed = Type.Integer({
  minimum: 0,
  maximum: 4_294_967_295,
  default: 42,
  description: 'Seed of every random choice.',
})

// A training: fit a model on all data and roll it out.
import { Type } from 'typebox'
import type { TrainParams } from '../../../gen/whynotboth/v1/jobs.ts'
import { strict } from '../../../http/schemas.ts'
import type { JobKind } from '../kinds.ts'
import { Estimators, Seed } from '../params.ts'

const Params = Type.Object(
  {
    estimators: Type.Optional(Estimators),
    folds: Type.Optional(
      Type.Integer({ minimum: 2, maximum: 10, default: 3, description: 'Folds of the cross-validation.' }),
    ),
    seed: Type.Optional(Seed),
  },
  strict,
)

export const train: JobKind<TrainParams, typeof Params> = {
  description: 'Choose a model by cross-validation, and make it live unless it is clearly worse than the live one.',
  params: Params,
  toMessage: ({ estimators = [], folds, seed }) => ({ estimators, folds, seed }),
  fromMessage: ({ estimators, folds, seed }) => ({ estimators, folds, seed }),
}

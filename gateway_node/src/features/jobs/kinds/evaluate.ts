// An evaluation: measure estimators without changing the live model.
import { Type } from 'typebox'
import type { EvaluateParams } from '../../../gen/whynotboth/v1/jobs.ts'
import { strict } from '../../../http/schemas.ts'
import type { JobKind } from '../kinds.ts'
import { Estimators, Seed } from '../params.ts'

const Params = Type.Object({ estimators: Type.Optional(Estimators), seed: Type.Optional(Seed) }, strict)

export const evaluate: JobKind<EvaluateParams, typeof Params> = {
  description: 'Measure each estimator on ratings that it was not fitted on.',
  params: Params,
  toMessage: ({ estimators = [], seed }) => ({ estimators, seed }),
  fromMessage: ({ estimators, seed }) => ({ estimators, seed }),
}

// An export: write the recommendations of all users to a file.
import { Type } from 'typebox'
import type { ExportParams } from '../../../gen/whynotboth/v1/jobs.ts'
import { strict } from '../../../http/schemas.ts'
import type { JobKind } from '../kinds.ts'

const Params = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 10, description: 'Items for each user.' })),
  },
  strict,
)

export const exportKind: JobKind<ExportParams, typeof Params> = {
  description: 'Write the top items of every user to a CSV file.',
  params: Params,
  toMessage: ({ limit }) => ({ limit }),
  fromMessage: ({ limit }) => ({ limit }),
}

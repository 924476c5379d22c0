import { Type } from 'typebox'
import type { RenderedItem } from '../../clients/recommender/recommender.ts'
import { Limit, RecommendedItem, strict, UserId } from '../../http/schemas.ts'

export const RecommendationsPath = Type.Object({ userId: UserId })

export const RecommendationsQuery = Type.Object(
  {
    limit: Limit,
    minOffset: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: Number.MAX_SAFE_INTEGER,
        description:
          'The answer takes into account every interaction up to this offset, such as the one that a 202 gave.',
      }),
    ),
  },
  strict,
)

export const RecommendationsAnswer = Type.Object({
  userId: Type.String(),
  modelVersion: Type.String(),
  source: Type.Enum(['model', 'cache', 'fallback'], { description: '`fallback`: popular items.' }),
  degraded: Type.Boolean({ description: 'The recommender could not be asked, so the answer may be old.' }),
  items: Type.Array(Type.Unsafe<RenderedItem>(RecommendedItem), {
    description: 'Best first, without what the user has interacted with.',
  }),
})

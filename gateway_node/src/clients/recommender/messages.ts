// Translates protobuf messages of the recommender into the gateway's types.

import { AppError, toReason } from '../../errors.ts'
import type { DecideResponse } from '../../gen/whynotboth/v1/decisions.ts'
import type * as jobs from '../../gen/whynotboth/v1/jobs.ts'
import type * as wire from '../../gen/whynotboth/v1/recommender.ts'
import { RecommendationSource } from '../../gen/whynotboth/v1/recommender.ts'
import type {
  DeadLetter,
  Decision,
  Interaction,
  Item,
  Model,
  Recommendations,
  ScoredItem,
  User,
} from './recommender.ts'

/** Return a value that a message always has. Throws UPSTREAM_FAILED if it is absent, because that is a bug of the recommender. */
export function requireValue<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new AppError('UPSTREAM_FAILED', `The recommender answered without ${name}.`)
  return value
}

export function toItem(item: wire.Item | undefined): Item {
  const { itemId, title, year, genres } = requireValue(item, 'the item')
  return { itemId, title, year: year ?? null, genres }
}

export function toScoredItem({ item, score }: wire.ScoredItem): ScoredItem {
  return { ...toItem(item), score }
}

export function toSource(source: RecommendationSource): Recommendations['source'] {
  return source === RecommendationSource.FALLBACK ? 'fallback' : 'model'
}

export function toRecommendations(response: wire.RecommendResponse): Recommendations {
  const { userId, modelVersion, source, items, asOfOffset } = response
  return {
    userId,
    modelVersion,
    source: toSource(source),
    degraded: false,
    items: items.map(({ item, score, why }) => JSON.stringify({ ...toItem(item), score, why })),
    asOfOffset: asOfOffset ?? null,
    timings: {},
  }
}

export function toUser(user: wire.User | undefined): User {
  return requireValue(user, 'the user')
}

export function toInteraction({ interactionId, item, rating, occurredAt }: wire.Interaction): Interaction {
  const { itemId, title } = toItem(item)
  return { interactionId, itemId, title, rating: rating ?? null, occurredAt: occurredAt?.toISOString() ?? null }
}

export function toModel(model: wire.Model | undefined): Model {
  const { version, estimator, params, metrics, createdAt, live, stale, unknownItems } = requireValue(
    model,
    'the model version',
  )
  const created = requireValue(createdAt, 'the time of training').toISOString()
  return {
    version,
    estimator,
    params: params ?? {},
    metrics,
    createdAt: created,
    live,
    stale,
    unknownItems: unknownItems ?? null,
  }
}

export function toDeadLetter(letter: jobs.DeadLetter | undefined): DeadLetter {
  const { jobId, kind, cause, error, diedAt, ...rest } = requireValue(letter, 'the dead letter')
  return {
    ...rest,
    jobId: jobId || null,
    kind: kind || null,
    cause: cause || null,
    error: error ? { reason: toReason(error.reason), detail: error.detail } : null,
    diedAt: diedAt?.toISOString() ?? null,
  }
}

/** Leave the token out of the last page. */
export function toNextPage(nextPageToken: string): { nextPageToken?: string } {
  return nextPageToken === '' ? {} : { nextPageToken }
}

export function toDecision({ criteria, smallestChange, agenda, ...decision }: DecideResponse): Decision {
  return {
    ...decision,
    criteria: criteria.map(({ evidence, ...row }) => ({ ...row, evidence: requireValue(evidence, 'the evidence') })),
    smallestChange: smallestChange ?? null,
    agenda: requireValue(agenda, 'the agenda'),
  }
}

// Translates what the fake recommender returns into the messages and errors of gRPC.
import { status } from '@grpc/grpc-js'
import type {
  DeadLetter,
  Item,
  Model,
  Recommendations,
  RecommendedItem,
} from '../../../src/clients/recommender/recommender.ts'
import { AppError } from '../../../src/errors.ts'
import { ErrorReason } from '../../../src/gen/whynotboth/v1/errors.ts'
import type { DeadLetter as WireDeadLetter } from '../../../src/gen/whynotboth/v1/jobs.ts'
import {
  type RankedItems,
  RecommendationSource,
  type Item as WireItem,
  type Model as WireModel,
} from '../../../src/gen/whynotboth/v1/recommender.ts'
import { grpcError } from './grpc-errors.ts'

/** Encode a list as places in the catalogue. */
export function toRankedItems({ source, items }: Recommendations, catalogue: Item[]): RankedItems {
  const place = (itemId: string) => catalogue.findIndex((item) => item.itemId === itemId)
  const ranked = items.map((item) => JSON.parse(item) as RecommendedItem)
  return {
    source: toWireSource(source),
    places: ranked.map(({ itemId }) => place(itemId)),
    scores: ranked.map(({ score }) => score),
    reasons: ranked.flatMap(({ why }) => [0, 1].map((index) => (why[index] ? place(why[index].itemId) + 1 : 0))),
  }
}

export function toServiceError(error: unknown) {
  if (!(error instanceof AppError)) return grpcError(status.INTERNAL, 'The test server has a bug.')
  return grpcError(status[error.kind], error.message, error.reason)
}

export function toWireSource(source: Recommendations['source']) {
  return source === 'fallback' ? RecommendationSource.FALLBACK : RecommendationSource.MODEL
}

export function toWireRecommendedItem(rendered: string) {
  const { score, why, ...item } = JSON.parse(rendered) as RecommendedItem
  return { item: toWireItem(item), score, why }
}

export function toWireItem({ year, ...item }: Item): WireItem {
  return { ...item, year: year ?? undefined }
}

export function toWireDeadLetter({ jobId, kind, cause, error, diedAt, ...letter }: DeadLetter): WireDeadLetter {
  return {
    ...letter,
    jobId: jobId ?? '',
    kind: kind ?? '',
    cause: cause ?? '',
    error: error ? { reason: ErrorReason[error.reason], detail: error.detail } : undefined,
    diedAt: diedAt === null ? undefined : new Date(diedAt),
  }
}

export function toWireModel({ createdAt, unknownItems, ...model }: Model): WireModel {
  return { ...model, createdAt: new Date(createdAt), unknownItems: unknownItems ?? undefined }
}

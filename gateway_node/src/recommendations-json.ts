// Recommendations as JSON, for answers and for what is pushed: their items are JSON already.
import type { Recommendations } from './recommender/recommender.ts'

export function renderRecommendations({ userId, modelVersion, source, degraded, items }: Recommendations): string {
  const rest = JSON.stringify({ userId, modelVersion, source, degraded })
  return `${rest.slice(0, -1)},"items":[${items}]}`
}

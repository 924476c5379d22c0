// Writes recommendations as JSON, for responses and for pushes. The client renders each item once, so the items are JSON already.
import type { Recommendations } from '../clients/recommender/recommender.ts'

/** The answer cache returns the same object again and again, so its JSON is written once. */
const written = new WeakMap<Recommendations, string>()

export function renderRecommendations(answer: Recommendations): string {
  if (answer.source !== 'cache') return write(answer)
  const known = written.get(answer)
  if (known !== undefined) return known
  const json = write(answer)
  written.set(answer, json)
  return json
}

function write({ userId, modelVersion, source, degraded, items }: Recommendations): string {
  const rest = JSON.stringify({ userId, modelVersion, source, degraded })
  return `${rest.slice(0, -1)},"items":[${items}]}`
}

// Counts this gateway's requests and keeps the last durations of each route, for GET /v1/stats. Prometheus has the complete record.

/** The durations that are kept of each route. Rates and percentiles come from them. */
const keptSamples = 1024
const rateWindowMs = 10_000

type Sample = { at: number; elapsedMs: number }
type Route = { count: number; errors: number; samples: Sample[] }
export type RouteStats = { count: number; errors: number; perSecond: number; p50Ms: number; p99Ms: number }

export class Collector {
  readonly #routes = new Map<string, Route>()

  record(name: string, elapsedMs: number, isError: boolean): void {
    const route = this.#routes.get(name) ?? { count: 0, errors: 0, samples: [] }
    this.#routes.set(name, route)
    route.samples[route.count % keptSamples] = { at: Date.now(), elapsedMs }
    route.count += 1
    if (isError) route.errors += 1
  }

  snapshot(): Record<string, RouteStats> {
    const stats = [...this.#routes].map(([name, { count, errors, samples }]) => {
      const durations = samples.map(({ elapsedMs }) => elapsedMs).sort((a, b) => a - b)
      const perSecond = rateOf(samples)
      return [name, { count, errors, perSecond, p50Ms: percentile(durations, 0.5), p99Ms: percentile(durations, 0.99) }]
    })
    return Object.fromEntries(stats)
  }
}

/** Requests per second, over the last ten seconds or over the time that the samples cover. */
function rateOf(samples: Sample[]): number {
  const now = Date.now()
  const oldest = samples.reduce((least, { at }) => Math.min(least, at), now)
  const isFull = samples.length === keptSamples
  const windowMs = isFull ? Math.max(1, Math.min(rateWindowMs, now - oldest)) : rateWindowMs
  const recent = samples.filter(({ at }) => at > now - windowMs)
  return round((recent.length * 1000) / windowMs)
}

/** The percentile of sorted durations by nearest rank. */
function percentile(sorted: number[], share: number): number {
  return round(sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0)
}

const round = (value: number) => Math.round(value * 100) / 100

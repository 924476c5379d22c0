// A load's figures: percentiles, and the line of JSON that the benchmark reads.

/** Percentiles by nearest rank, so each is a measured value. */
export function percentiles(valuesMs: number[]) {
  const sorted = Float64Array.from(valuesMs).sort()
  const at = (part: number) => sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? Number.NaN
  return { p50_ms: at(0.5), p90_ms: at(0.9), p99_ms: at(0.99), max_ms: at(1) }
}

export function printFigures(figures: Record<string, number>) {
  process.stdout.write(`${JSON.stringify(figures)}\n`)
}

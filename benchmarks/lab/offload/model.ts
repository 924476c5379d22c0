// A stand-in for a model: computes for some milliseconds of a processor, and returns an answer of some bytes.
// `node model.ts` measures how many loops take a millisecond. Servers are told, so that all do the same work, however busy the machine is.

const trials = 500
const loopsInTrial = 20_000
const loopsPerMs = Number(process.env.LAB_NODE_LOOPS_PER_MS)

export function compute(milliseconds: number, size: number): string {
  return spin(Math.round(milliseconds * loopsPerMs)) < 0 ? '' : 'x'.repeat(size)
}

function spin(loops: number): number {
  let value = 1
  for (let loop = 0; loop < loops; loop += 1) value = (value * 5 + 1) & 0xffff
  return value
}

function measureSpeed(): number {
  const startedAt = performance.now()
  spin(loopsInTrial)
  return loopsInTrial / (performance.now() - startedAt)
}

/** The median, so that a computation takes its milliseconds on average. */
if (import.meta.main) {
  const speeds = Array.from({ length: trials }, measureSpeed).sort((a, b) => a - b)
  console.log(JSON.stringify({ loops_per_ms: speeds[trials / 2] }))
}

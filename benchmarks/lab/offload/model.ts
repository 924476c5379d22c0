// A stand-in for a model: computes for some milliseconds of a processor, and returns an answer of some bytes.

const trials = 200
const loopsInTrial = 20_000
/** The best trial counts, because other work disturbs some. So the model does a fixed amount of work, however busy the machine is. */
const loopsPerMs = Math.max(...Array.from({ length: trials }, measureSpeed))

export function compute(milliseconds: number, size: number): string {
  return spin(milliseconds * loopsPerMs) < 0 ? '' : 'x'.repeat(size)
}

function measureSpeed(): number {
  const startedAt = performance.now()
  spin(loopsInTrial)
  return loopsInTrial / (performance.now() - startedAt)
}

function spin(loops: number): number {
  let value = 1
  for (let loop = 0; loop < loops; loop += 1) value = (value * 5 + 1) & 0xffff
  return value
}

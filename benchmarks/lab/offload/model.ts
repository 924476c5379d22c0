// A stand-in for a model: computes for some milliseconds, and returns an answer of some bytes.
export function compute(milliseconds: number, size: number): string {
  const endsAt = performance.now() + milliseconds
  while (performance.now() < endsAt);
  return 'x'.repeat(size)
}

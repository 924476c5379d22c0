// A stand-in for a model: computes for some milliseconds, and returns an answer of some bytes.
export function compute(milliseconds: number, size: number): string {
  // Not process.threadCpuUsage(): Linux updates it every 4 ms, so a computation of 1 ms would take 4. The clock also counts the time
  // in which other programs use the core, so a busy machine makes this model cheaper than the one in Python.
  const endsAt = performance.now() + milliseconds
  while (performance.now() < endsAt);
  return 'x'.repeat(size)
}

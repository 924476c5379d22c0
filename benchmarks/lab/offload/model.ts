// A stand-in for a model: uses some milliseconds of processor time, and returns an answer of some bytes.
export function compute(milliseconds: number, size: number): string {
  const endsAt = usedMs() + milliseconds
  while (usedMs() < endsAt);
  return 'x'.repeat(size)
}

function usedMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

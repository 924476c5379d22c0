// A pure loop: `node loop.ts SECONDS [PLANTED_MS]`.
// Each intermediate result fits into 32 bits: beyond, V8 turns to slower floating-point code in some runs and not in others.
import { printTiming } from '../timing.ts'

const defaultSteps = 20_000
const prime = 1_000_003

export function loop(steps = defaultSteps): number {
  let total = 0
  for (let number = 0; number < steps; number += 1) {
    total = (total * 31 + number) % prime
  }
  return total
}

if (import.meta.main) {
  const [seconds = 0, plantedMs = 0] = process.argv.slice(2).map(Number)
  await printTiming(() => loop(), seconds, plantedMs)
}

// Top-10 scoring without a library: `node score.ts SECONDS`.
import { printTiming } from '../timing.ts'

const items = 2000
const factors = 64
const top = 10
const prime = 10_007

const matrix = Float64Array.from({ length: items * factors }, (_, index) => ((index * 7919) % prime) / prime)
const user = Float64Array.from({ length: factors }, (_, factor) => ((factor * 4973) % prime) / prime)

function topTen(): number {
  const scores = new Float64Array(items)
  for (let item = 0; item < items; item += 1) {
    let score = 0
    for (let factor = 0; factor < factors; factor += 1) {
      score += (matrix[item * factors + factor] as number) * (user[factor] as number)
    }
    scores[item] = score
  }
  const ranking = Array.from(scores.keys()).sort((a, b) => (scores[b] as number) - (scores[a] as number))
  return checksum(ranking.slice(0, top))
}

/** A number that differs when an item or its rank does. */
function checksum(ranking: number[]): number {
  return ranking.reduce((sum, item, index) => sum + (index + 1) * item, 0)
}

const [seconds = 0] = process.argv.slice(2).map(Number)
await printTiming(topTen, seconds)

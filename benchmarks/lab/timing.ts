// Times a piece of work in this process, as timing.py does.
import { setTimeout } from 'node:timers/promises'
import { percentiles, printFigures } from '../load/figures.ts'

const warmUp = 0.25

type Work = () => number | Promise<number>

/** Repeats the work for this time, after a warm-up of a quarter of it, and prints the median and the lowest duration with the answer. */
export async function printTiming(work: Work, seconds: number, plantedMs = 0) {
  const answer = await work()
  await repeat(work, seconds * warmUp, 0)
  const tookMs = await repeat(work, seconds, plantedMs)
  printFigures({ ms: percentiles(tookMs).p50_ms, lowest_ms: Math.min(...tookMs), answer })
}

async function repeat(work: Work, seconds: number, plantedMs: number): Promise<number[]> {
  const tookMs: number[] = []
  const endsAt = performance.now() + seconds * 1000
  while (tookMs.length === 0 || performance.now() < endsAt) {
    const beganAt = performance.now()
    await work()
    if (plantedMs > 0) await setTimeout(plantedMs)
    tookMs.push(performance.now() - beganAt)
  }
  return tookMs
}

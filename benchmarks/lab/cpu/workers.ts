// Four long loops, shared by worker threads: `node workers.ts WORKERS SECONDS`.
import { once } from 'node:events'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { printTiming } from '../timing.ts'
import { loop } from './loop.ts'

const loops = 4
const steps = 200_000

async function runLoops(worker: Worker, count: number): Promise<number> {
  let total = 0
  for (let done = 0; done < count; done += 1) {
    worker.postMessage('run')
    const [result] = await once(worker, 'message')
    total += result
  }
  return total
}

if (isMainThread) {
  const [count = 1, seconds = 0] = process.argv.slice(2).map(Number)
  const workers = Array.from({ length: count }, () => new Worker(new URL(import.meta.url)))
  const share = async () => {
    const totals = await Promise.all(workers.map((worker) => runLoops(worker, loops / count)))
    return totals.reduce((sum, total) => sum + total, 0)
  }
  await printTiming(share, seconds)
  await Promise.all(workers.map((worker) => worker.terminate()))
} else {
  parentPort?.on('message', () => parentPort?.postMessage(loop(steps)))
}

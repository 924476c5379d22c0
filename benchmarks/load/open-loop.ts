// Sends requests at a constant rate and measures each answer from the moment when its request was due.
// `node open-loop.ts URL TRAFFIC PER_SECOND SECONDS`

import { sendAtRate } from './constant-rate.ts'
import { percentiles, printFigures } from './figures.ts'
import { ask, hangUp } from './http-client.ts'
import { readTraffic, type TrafficRequest } from './traffic.ts'

const [address = '', file = '', perSecond = '', seconds = ''] = process.argv.slice(2)
const url = new URL(address)
const traffic = readTraffic(file)
const latenciesMs: number[] = []
const sentLateMs: number[] = []
const requests: Promise<void>[] = []
let failed = 0

async function measure(place: number, dueAt: number) {
  sentLateMs.push(performance.now() - dueAt)
  try {
    await ask(url, traffic[place % traffic.length] as TrafficRequest)
  } catch {
    failed += 1
  }
  latenciesMs.push(performance.now() - dueAt)
}

const beganAt = performance.now()
await sendAtRate(Number(perSecond), Number(seconds), (place, dueAt) => requests.push(measure(place, dueAt)))
await Promise.all(requests)
const tookSeconds = (performance.now() - beganAt) / 1000
hangUp()
printFigures({
  per_second: (requests.length - failed) / tookSeconds,
  ...percentiles(latenciesMs),
  sent_late_p99_ms: percentiles(sentLateMs).p99_ms,
  answered: requests.length - failed,
  failed,
})

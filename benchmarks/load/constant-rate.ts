// Sends at a constant rate, whether answers come or not. Times count from the moment when a request was due,
// so a stall counts for every request that it delays.
import { setTimeout } from 'node:timers/promises'

const tickMs = 1

/** Calls `send` with each request's number and the moment when it was due. */
export async function sendAtRate(perSecond: number, seconds: number, send: (place: number, dueAt: number) => void) {
  const beganAt = performance.now()
  const total = Math.round(perSecond * seconds)
  for (let sent = 0; sent < total; await setTimeout(tickMs)) {
    const due = Math.min(total, Math.floor(((performance.now() - beganAt) * perSecond) / 1000) + 1)
    for (; sent < due; sent += 1) send(sent, beganAt + (sent * 1000) / perSecond)
  }
}

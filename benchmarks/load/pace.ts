// A constant rate, whether answers come or not. What is late is late against the plan, so that a stall counts for all that it held up.
import { setTimeout } from 'node:timers/promises'

const tickMs = 1

/** Calls `send` for each place in the plan, with the moment when it was due. */
export async function keepPace(perSecond: number, seconds: number, send: (place: number, dueAt: number) => void) {
  const beganAt = performance.now()
  const total = Math.round(perSecond * seconds)
  for (let sent = 0; sent < total; await setTimeout(tickMs)) {
    const due = Math.min(total, Math.floor(((performance.now() - beganAt) * perSecond) / 1000) + 1)
    for (; sent < due; sent += 1) send(sent, beganAt + (sent * 1000) / perSecond)
  }
}

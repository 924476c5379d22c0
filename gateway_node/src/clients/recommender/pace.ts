// How long a request takes while more of them wait. It tells a newcomer's wait before the newcomer has waited.

/** What is left of a measurement after the next one. */
const decay = 0.7
/** A call for fewer requests takes hardly less time than one for so many. */
const fewestRequests = 16

export function createPace() {
  let totalMs = 0
  let totalRequests = 1
  let endedAt = Number.NEGATIVE_INFINITY

  return {
    /** The time from one answer to the next, however many calls are in flight. Zero while nothing is known. */
    get msPerRequest() {
      return totalMs / totalRequests
    },
    /** A call has come back. One that failed says nothing about how long an answer takes. */
    end(startedAt: number, requests: number, isAnswered: boolean) {
      const now = performance.now()
      if (isAnswered) {
        totalMs = decay * totalMs + now - Math.max(startedAt, endedAt)
        totalRequests = decay * totalRequests + Math.max(requests, fewestRequests)
      }
      endedAt = now
    },
  }
}

// One call for questions that are equal and asked at the same time.

type Flight<Caller, Answer> = { callers: Caller[]; answer: Promise<Answer> }

export function createSingleFlight<Caller, Answer>() {
  const flights = new Map<string, Map<string, Flight<Caller, Answer>>>()

  function land(group: string, key: string, callers: Caller[]) {
    const inGroup = flights.get(group)
    if (inGroup?.get(key)?.callers !== callers) return
    inGroup.delete(key)
    if (inGroup.size === 0) flights.delete(group)
  }

  return {
    /** `start` gets the list of those who wait for its answer; it grows while the call runs. */
    run(group: string, key: string, caller: Caller, start: (callers: Caller[]) => Promise<Answer>): Promise<Answer> {
      const inGroup = flights.get(group) ?? new Map<string, Flight<Caller, Answer>>()
      const running = inGroup.get(key)
      if (running) {
        running.callers.push(caller)
        return running.answer
      }
      const callers = [caller]
      const answer = start(callers).finally(() => land(group, key, callers))
      flights.set(group, inGroup.set(key, { callers, answer }))
      return answer
    },
    /** Lets the running calls of a group end without newcomers: what they ask about has changed. */
    forget: (group: string) => flights.delete(group),
  }
}

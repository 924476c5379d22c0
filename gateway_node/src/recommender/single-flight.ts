// One call for questions that are equal and asked at the same time.

export function createSingleFlight<Answer>() {
  const flights = new Map<string, Map<string, Promise<Answer>>>()

  function land(group: string, key: string, flight: Promise<Answer>) {
    const inGroup = flights.get(group)
    if (inGroup?.get(key) !== flight) return
    inGroup.delete(key)
    if (inGroup.size === 0) flights.delete(group)
  }

  return {
    run(group: string, key: string, start: () => Promise<Answer>): Promise<Answer> {
      const inGroup = flights.get(group) ?? new Map<string, Promise<Answer>>()
      const running = inGroup.get(key)
      if (running) return running
      const flight = start().finally(() => land(group, key, flight))
      flights.set(group, inGroup.set(key, flight))
      return flight
    },
    /** Lets the running calls of a group end without newcomers: what they ask about has changed. */
    forget: (group: string) => flights.delete(group),
  }
}

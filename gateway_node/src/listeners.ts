// Publishes one event to many listeners. One that throws keeps those after it from nothing.

/** Tells each listener, and throws only then what any of them threw. */
export function tellAll<Listener>(listeners: Iterable<Listener>, tell: (listener: Listener) => void): void {
  let errors: unknown[] | undefined
  for (const listener of listeners) {
    try {
      tell(listener)
    } catch (error) {
      errors = [...(errors ?? []), error]
    }
  }
  if (errors === undefined) return
  throw errors.length === 1 ? errors[0] : new AggregateError(errors, `${errors.length} listeners failed.`)
}

/** An observer whose own failure goes to `onError`, and changes nothing for what it observes. */
export function shield<Observed extends unknown[]>(
  observe: (...observed: Observed) => void,
  onError: (error: unknown) => void,
): (...observed: Observed) => void {
  return (...observed) => {
    try {
      observe(...observed)
    } catch (error) {
      onError(error)
    }
  }
}

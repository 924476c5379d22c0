// Publishes one event to many listeners. If one throws, the others are called all the same.

/** Call each listener. Then throw what a listener threw; an AggregateError for several. */
export function notifyAll<Listener>(listeners: Iterable<Listener>, notify: (listener: Listener) => void): void {
  let errors: unknown[] | undefined
  for (const listener of listeners) {
    try {
      notify(listener)
    } catch (error) {
      errors = [...(errors ?? []), error]
    }
  }
  if (errors === undefined) return
  throw errors.length === 1 ? errors[0] : new AggregateError(errors, `${errors.length} listeners failed.`)
}

/** Return an observer that never throws: its error goes to `onError`, so the observed call goes on. */
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

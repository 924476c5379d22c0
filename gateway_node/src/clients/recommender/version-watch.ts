// Notices which model version answers. An answer that was asked for before the last switch proves nothing, so late ones don't switch back.
import { shield } from '../listeners.ts'

export type VersionWatch = ReturnType<typeof createVersionWatch>

/** Told of the version that answers now and of the one that did before, if any. */
type SwitchListener = (version: string, previous: string | null) => void

/** The error of a listener goes to `onError`, so that it can't fail the answer that showed the switch. */
export function createVersionWatch(onError: (error: unknown) => void) {
  const listeners = new Set<SwitchListener>()
  let current: string | null = null
  let switchedAt = Number.NEGATIVE_INFINITY

  return {
    get current() {
      return current
    },
    note(version: string, askedAt: number) {
      if (version === current || askedAt < switchedAt) return
      const previous = current
      current = version
      switchedAt = performance.now()
      for (const listener of listeners) listener(version, previous)
    },
    onSwitch(listener: SwitchListener) {
      const shielded = shield(listener, onError)
      listeners.add(shielded)
      return () => listeners.delete(shielded)
    },
  }
}

// Keeps the model version of the newest answer. It ignores an answer whose call started before the last switch, so a late answer doesn't switch back.
import { shield } from '../listeners.ts'

export type VersionWatch = ReturnType<typeof createVersionWatch>

/** Receives the new version, and the one before if there was one. */
type SwitchListener = (version: string, previous: string | null) => void

/** The error of a listener goes to `onError`, so that it doesn't fail the answer that showed the switch. */
export function createVersionWatch(onError: (error: unknown) => void) {
  const listeners = new Set<SwitchListener>()
  let current: string | null = null
  let switchedAt = Number.NEGATIVE_INFINITY

  return {
    get current() {
      return current
    },
    note(version: string, startedAt: number) {
      if (version === current || startedAt < switchedAt) return
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

// Keeps the model version of the newest answer, and looks for a version that was promoted.
import { setTimeout } from 'node:timers/promises'
import type { BaseLogger } from 'pino'
import { ModelPromoted } from '../../gen/whynotboth/v1/recommender.ts'
import type { Broker } from '../broker/broker.ts'
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
    /** An answer whose call started before the last switch is ignored, so a late answer doesn't switch back. */
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

/** The delays between the requests that look for the version of a hint. The recommender needs a moment to load it. */
const followDelaysMs = [0, 250, 500, 1000, 2000, 4000]
const warmUpRetryMs = 1000

type Following = {
  versions: VersionWatch
  /** Its answer shows which version is live. */
  fetchPopular: () => Promise<void>
  onHint: Broker['onHint']
  logger: Pick<BaseLogger, 'info' | 'warn'>
}

/** Look for the version of each hint, and fetch the popular items after each switch. */
export function followVersions({ versions, fetchPopular, onHint, logger }: Following) {
  const lifetime = new AbortController()
  const { signal } = lifetime

  /** Fetch the popular items until that succeeds: they are the fallback for users without a last-known answer. */
  async function warmUp() {
    while (!signal.aborted) {
      try {
        return await fetchPopular()
      } catch (error) {
        logger.warn({ err: error }, 'popular items not fetched')
      }
      await setTimeout(warmUpRetryMs, undefined, { signal, ref: false }).catch(() => undefined)
    }
  }

  async function find(version: string) {
    for (const delayMs of followDelaysMs) {
      await setTimeout(delayMs, undefined, { signal, ref: false })
      await fetchPopular()
      if (versions.current === version) return
    }
  }

  const stopListening = onHint((body) => {
    find(ModelPromoted.decode(body).version).catch((error) => {
      if (!signal.aborted) logger.warn({ err: error }, 'promoted version not seen')
    })
  })
  versions.onSwitch((modelVersion, previous) => {
    logger.info({ modelVersion, previous }, 'model version switched')
    if (previous !== null) void warmUp()
  })

  return {
    warmUp,
    stop() {
      lifetime.abort()
      stopListening()
    },
  }
}

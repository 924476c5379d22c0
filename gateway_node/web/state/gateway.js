/**
 * The figures of the gateway that this page talks to: from the socket while it is open, by asking otherwise.
 * @import {Stats} from '../shapes.js'
 */
import { signal } from '@preact/signals'
import { ask } from '../api.js'
import { listen } from '../live.js'

/** @type {import('@preact/signals').Signal<Stats | null>} */
export const stats = signal(null)
/** @type {import('@preact/signals').Signal<(Error & {reason?: string}) | null>} */
export const statsFailure = signal(null)

/** Asks once, then listens. */
export async function startStats() {
  listen('stats', ({ data }) => {
    if (data?.gateway) [stats.value, statsFailure.value] = [data, null]
  })
  try {
    stats.value = (await ask('/v1/stats')).body
  } catch (error) {
    statsFailure.value = error
  }
}

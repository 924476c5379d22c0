/**
 * The figures of the gateway that serves this page: from the socket while it is open, else by HTTP.
 * @import {Stats} from '../shapes.js'
 */
import { signal } from '@preact/signals'
import { ask } from '../api.js'
import { listen } from '../live.js'

/** @type {import('@preact/signals').Signal<Stats | null>} */
export const stats = signal(null)
/** @type {import('@preact/signals').Signal<(Error & {reason?: string}) | null>} */
export const statsFailure = signal(null)

/** Requests the figures once, then subscribes to the topic. */
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

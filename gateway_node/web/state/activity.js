/**
 * Events of the whole system, newest first.
 * @import {ActivityEvent} from '../shapes.js'
 */
import { signal } from '@preact/signals'
import { listen } from '../live.js'

const EVENTS_KEPT = 20

/** @typedef {ActivityEvent & {id: string}} ShownEvent */

/** @type {import('@preact/signals').Signal<ShownEvent[]>} */
export const activity = signal([])

/** Subscribes to the topic. */
export function startActivity() {
  listen('activity', ({ data }) => add(data))
}

/** Adds an event under an id made of its fields: events have none, and the newest ones arrive again after a reconnect. */
function add(event) {
  const id = [event.at, event.kind, event.userId, event.itemId, event.jobId].join('\n')
  if (activity.value.some((known) => known.id === id)) return
  const events = [{ ...event, id }, ...activity.value]
  activity.value = events.sort((a, b) => Date.parse(b.at) - Date.parse(a.at)).slice(0, EVENTS_KEPT)
}

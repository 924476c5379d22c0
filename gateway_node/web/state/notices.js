/**
 * The failures that no panel shows, as sentences for the user.
 */
import { signal } from '@preact/signals'
import { onLiveError } from '../live.js'

const NOTICES_KEPT = 4

/**
 * @typedef {{id: number, sentence: string, reason: string, requestId: string | null, retry: (() => void) | null, times: number}} Notice
 * @typedef {{reason: string, message: string, requestId?: string | null, isRetryable?: boolean}} Refusal  an ApiError, or like one
 */

/** @type {import('@preact/signals').Signal<Notice[]>} */
export const notices = signal([])
let lastId = 0

/**
 * Shows a failure: the action, then the cause.
 * @param {string} what
 * @param {Refusal} error
 * @param {() => void} [retry]  offered only if a second attempt can succeed
 */
export function notify(what, error, retry) {
  // An error without a reason is a bug of the page: log it with its stack.
  if (!error.reason) reportError(error)
  const notice = {
    sentence: `${what}: ${error.message}`,
    reason: error.reason ?? 'PAGE_FAILED',
    requestId: error.requestId ?? null,
    retry: error.isRetryable && retry ? retry : null,
  }
  const same = notices.value.find(({ sentence, reason }) => sentence === notice.sentence && reason === notice.reason)
  const others = notices.value.filter((candidate) => candidate !== same)
  lastId += 1
  notices.value = [...others, { ...notice, id: same?.id ?? lastId, times: (same?.times ?? 0) + 1 }].slice(-NOTICES_KEPT)
}

/** @param {number} id */
export function dismissNotice(id) {
  notices.value = notices.value.filter((notice) => notice.id !== id)
}

/** Shows the socket's error frames, except RESUME_TOO_OLD, which other modules handle. */
export function showSocketErrors() {
  onLiveError(({ reason, detail, topic }) => {
    const what = topic ? `Updates of “${topic}” aren’t available` : 'The gateway rejected a frame of this page'
    if (reason !== 'RESUME_TOO_OLD') notify(what, { reason, message: detail })
  })
}

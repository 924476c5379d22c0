/**
 * Chooses the rating of an item that counts: the one with the latest time, as everywhere in the system. Pure functions.
 * @import {Interaction} from '../shapes.js'
 */

/** @typedef {{occurredAt?: string | null}} Timed  without a time, it counts as older than all others */

/** @param {Timed} timed */
const momentOf = ({ occurredAt }) => (occurredAt ? Date.parse(occurredAt) : Number.NEGATIVE_INFINITY)

/** Returns whether the second rating counts. Of equal times it does. @param {Timed} known @param {Timed} other */
export const isAtLeastAsLate = (known, other) => momentOf(other) >= momentOf(known)

/**
 * Merge what is on its way into the store with what was read from it, newest first. While a rating is on its way, the older ones of its item
 * are left out.
 * @template {Interaction} Pending
 * @param {Pending[]} onTheirWay  at most one of each item
 * @param {Interaction[]} read
 * @returns {{interaction: Pending | Interaction, isOnItsWay: boolean}[]}
 */
export function mergeHistory(onTheirWay, read) {
  const pendingByItem = new Map(onTheirWay.map((entry) => [entry.itemId, entry]))
  const isReplaced = (/** @type {Interaction} */ interaction) => {
    const pending = pendingByItem.get(interaction.itemId)
    return pending !== undefined && isAtLeastAsLate(interaction, pending)
  }
  const rows = [
    ...onTheirWay.map((interaction) => ({ interaction, isOnItsWay: true })),
    ...read.filter((row) => !isReplaced(row)).map((interaction) => ({ interaction, isOnItsWay: false })),
  ]
  return rows.sort((one, other) => compareMoments(momentOf(other.interaction), momentOf(one.interaction)))
}

/** Compares without a difference, because Infinity - Infinity is NaN. @param {number} one @param {number} other */
const compareMoments = (one, other) => (one === other ? 0 : one < other ? -1 : 1)

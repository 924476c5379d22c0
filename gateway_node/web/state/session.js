/**
 * The identity that the page is signed in as. The tab's storage keeps the choice but never the token. The token is renewed before it expires.
 * @import {Session} from '../shapes.js'
 */
import { computed, signal } from '@preact/signals'
import { ask, signWith } from '../api.js'
import { renewLive } from '../live.js'
import { notify } from './notices.js'

const CHOICE = 'who'
const FOCUS = 'focus'
const RENEW_BEFORE_MS = 30_000

/** @typedef {{userId: string} | {role: 'operator'}} Choice */

/** Null before the sign-in. @type {import('@preact/signals').Signal<Session | null>} */
export const session = signal(null)
export const isOperator = computed(() => session.value?.role === 'operator')

/** @type {Promise<string> | null} */
let renewing = null

/** Signs in as whom this tab was before. True if it was somebody. */
export async function startSession() {
  const choice = sessionStorage.getItem(CHOICE)
  if (choice === null) return false
  try {
    await open(JSON.parse(choice))
  } catch (error) {
    notify('The sign-in failed', error, () => location.reload())
    return false
  }
  signWith(freshToken)
  return true
}

/** Begins the page anew as somebody. @param {Choice} choice */
export function signIn(choice) {
  sessionStorage.setItem(CHOICE, JSON.stringify(choice))
  beginAnew('userId' in choice ? 'recommendations' : 'viewer')
}

/** Begins the page anew as nobody. */
export function signOut() {
  sessionStorage.removeItem(CHOICE)
  beginAnew('sign-in')
}

/** Begins the page anew with the focus on a panel: a reload alone would lose it. @param {string} panelId */
export function reloadAt(panelId) {
  sessionStorage.setItem(FOCUS, panelId)
  location.reload()
}

/** Return the panel that gets the focus after `reloadAt`, once. */
export function takeFocusedPanel() {
  const panelId = sessionStorage.getItem(FOCUS)
  sessionStorage.removeItem(FOCUS)
  return panelId
}

/** Resolves with a token that is good for a while. @returns {Promise<string>} */
export async function freshToken() {
  const { token, expiresAt } = /** @type {Session} */ (session.value)
  if (Date.now() < Date.parse(expiresAt) - RENEW_BEFORE_MS) return token
  renewing ??= renew()
  return renewing
}

/** Reloads the page, so that one user never sees the data of another. @param {string} panelId */
function beginAnew(panelId) {
  history.replaceState(null, '', location.pathname)
  reloadAt(panelId)
}

/** @param {Choice} choice */
async function open(choice) {
  const { body } = await ask('/v1/sessions', { method: 'POST', body: choice, isOpen: true })
  session.value = body
  setTimeout(renewLive, Date.parse(body.expiresAt) - Date.now() - RENEW_BEFORE_MS)
}

async function renew() {
  try {
    await open(JSON.parse(sessionStorage.getItem(CHOICE) ?? '{}'))
    return /** @type {Session} */ (session.value).token
  } finally {
    renewing = null
  }
}

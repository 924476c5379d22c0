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

/** Signs in as this tab's last identity. Resolves with false if there was none. */
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

/** Reloads the page with another identity. @param {Choice} choice */
export function signIn(choice) {
  sessionStorage.setItem(CHOICE, JSON.stringify(choice))
  beginAnew('userId' in choice ? 'recommendations' : 'viewer')
}

/** Reloads the page without an identity. */
export function signOut() {
  sessionStorage.removeItem(CHOICE)
  beginAnew('sign-in')
}

/** Reloads the page, and then moves the focus to a panel. @param {string} panelId */
export function reloadAt(panelId) {
  sessionStorage.setItem(FOCUS, panelId)
  location.reload()
}

/** Returns the panel that gets the focus after `reloadAt`, once. */
export function takeFocusedPanel() {
  const panelId = sessionStorage.getItem(FOCUS)
  sessionStorage.removeItem(FOCUS)
  return panelId
}

/** Resolves with a token that doesn't expire soon. @returns {Promise<string>} */
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

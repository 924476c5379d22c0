/**
 * The socket to /v1/live: one connection, subscriptions to topics, reconnects with exponential backoff, resume by offset.
 * It knows frames and topics, but not the meaning of a topic.
 */
import { signal } from '@preact/signals'

const PAUSE_FIRST_MS = 400
const PAUSE_LONGEST_MS = 15_000
const PING_EVERY_MS = 5_000
const ANSWER_WITHIN_MS = 8_000
const GOING_AWAY = 1001

/**
 * @typedef {{phase: 'connecting' | 'open' | 'waiting', attempt: number, retryAt: number | null, roundTripMs: number | null,
 *   lastClose: string | null, lostAt: number | null}} SocketState  `lostAt`: when the connection was lost
 * @typedef {{topic: string, offset: number | null, data: any}} EventFrame
 * @typedef {{reason: string, detail: string, retryable?: boolean, replyTo?: string, topic?: string}} ErrorFrame
 * @typedef {{isOrdered: boolean, offset: number | null, listeners: Set<(frame: EventFrame) => void>}} Topic
 */

/** @type {import('@preact/signals').Signal<SocketState>} */
export const socketState = signal({
  phase: 'connecting',
  attempt: 0,
  retryAt: null,
  roundTripMs: null,
  lastClose: null,
  lostAt: null,
})

/** @type {Map<string, Topic>} */
const topics = new Map()
/** @type {Set<() => void>} */
const openListeners = new Set()
/** @type {Set<(frame: ErrorFrame) => void>} */
const errorListeners = new Set()

/** @type {WebSocket | null} */
let socket = null
/** Returns the token for the `hello` frame. @type {() => Promise<string>} */
let tokenSource
let retryTimer = 0
let pingTimer = 0
let watchdog = 0
let pingedAt = 0

/** Connects, and reconnects whenever the connection is lost. @param {() => Promise<string>} source */
export function startLive(source) {
  tokenSource = source
  connect()
  addEventListener('online', retryNow)
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && retryNow())
}

/** Calls the listener on each welcome, the first and those after a reconnect. @param {() => void} listener */
export function onLiveOpen(listener) {
  openListeners.add(listener)
}

/** @param {(frame: ErrorFrame) => void} listener */
export function onLiveError(listener) {
  errorListeners.add(listener)
}

/** Sends a new token on the open socket, before the last one expires. */
export function renewLive() {
  if (socket?.readyState === WebSocket.OPEN) greet(socket)
}

/** Connects now instead of waiting for the next attempt. */
export function retryNow() {
  if (socketState.value.phase === 'waiting') connect()
}

/**
 * Listens to a topic until the returned function is called. After a reconnect, an ordered topic resumes after its last offset.
 * @param {string} name
 * @param {(frame: EventFrame) => void} listener
 * @param {{isOrdered?: boolean}} [options]
 */
export function listen(name, listener, { isOrdered = false } = {}) {
  const known = topics.get(name)
  const topic = known ?? { isOrdered, offset: null, listeners: new Set() }
  topics.set(name, topic)
  topic.listeners.add(listener)
  if (!known) subscribe(name, topic)
  return () => {
    topic.listeners.delete(listener)
    if (topic.listeners.size > 0 || topics.get(name) !== topic) return
    topics.delete(name)
    send({ type: 'unsubscribe', topic: name })
  }
}

/** Forgets the last offset of an ordered topic, so that the next reconnect doesn't resume it. @param {string} name */
export function forgetOffset(name) {
  const topic = topics.get(name)
  if (topic) topic.offset = null
}

function connect() {
  clearTimeout(retryTimer)
  update({ phase: 'connecting', retryAt: null })
  const current = new WebSocket(new URL('/v1/live', location.href.replace(/^http/, 'ws')))
  socket = current
  // A dead connection, or one that never gets a `welcome`, may fire no `close` event.
  watchdog = setTimeout(() => abandon(current), ANSWER_WITHIN_MS)
  current.onopen = () => greet(current)
  current.onmessage = ({ data }) => receive(data)
  current.onclose = ({ code, reason }) => current === socket && closed(code, reason)
}

/** Signs in. On an open socket it signs in again, so that the socket stays open when its first token expires. @param {WebSocket} current */
async function greet(current) {
  try {
    current.send(JSON.stringify({ type: 'hello', token: await tokenSource() }))
  } catch {
    // No token could be had. The next attempt requests one again.
    current.close()
  }
}

function closed(code, reason) {
  socket = null
  clearTimeout(pingTimer)
  clearTimeout(watchdog)
  const attempt = socketState.value.attempt + 1
  const growing = Math.min(PAUSE_LONGEST_MS, PAUSE_FIRST_MS * 2 ** (attempt - 1)) * (0.5 + Math.random() / 2)
  const pause = code === GOING_AWAY ? retryAfterMs(reason, growing) : growing
  const lastClose = reason ? `${code}: ${reason}` : `${code}`
  const lostAt = socketState.value.lostAt ?? Date.now()
  update({ phase: 'waiting', attempt, retryAt: Date.now() + pause, roundTripMs: null, lastClose, lostAt })
  retryTimer = setTimeout(connect, pause)
}

/** Returns the pause that a stopping gateway sends, so that not all clients reconnect at once. A proxy may send another reason. */
function retryAfterMs(reason, fallback) {
  try {
    return JSON.parse(reason).retryAfterMs ?? fallback
  } catch {
    return fallback
  }
}

function receive(text) {
  const frame = JSON.parse(text)
  if (frame.type === 'welcome' && socketState.value.phase !== 'open') welcomed()
  else if (frame.type === 'pong') ponged()
  else if (frame.type === 'event') deliver(frame)
  else if (frame.type === 'error') for (const listener of errorListeners) listener(frame)
}

function welcomed() {
  clearTimeout(watchdog)
  update({ phase: 'open', attempt: 0, lastClose: null, lostAt: null })
  for (const [name, topic] of topics) subscribe(name, topic)
  for (const listener of openListeners) listener()
  ping()
}

function deliver(frame) {
  const topic = topics.get(frame.topic)
  if (!topic) return
  if (frame.offset !== undefined && frame.offset !== null) topic.offset = frame.offset
  for (const listener of topic.listeners) listener(frame)
}

function subscribe(name, topic) {
  if (socketState.value.phase !== 'open') return
  const canResume = topic.isOrdered && topic.offset !== null
  send({ type: 'subscribe', topic: name, ...(canResume && { resume: topic.offset }) })
}

function ping() {
  pingedAt = performance.now()
  send({ type: 'ping' })
  const pinged = socket
  watchdog = setTimeout(() => abandon(pinged), ANSWER_WITHIN_MS)
}

function ponged() {
  clearTimeout(watchdog)
  update({ roundTripMs: performance.now() - pingedAt })
  pingTimer = setTimeout(ping, PING_EVERY_MS)
}

function abandon(silent) {
  if (!silent || silent !== socket) return
  closed(1006, 'no answer')
  silent.close()
}

function send(frame) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame))
}

/** @param {Partial<SocketState>} change */
function update(change) {
  socketState.value = { ...socketState.value, ...change }
}

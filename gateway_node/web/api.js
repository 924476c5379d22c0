/**
 * HTTP requests to the gateway, and the error of a failed request.
 * @import {Timing} from './shapes.js'
 */

const REQUEST_TIMEOUT_MS = 15_000

/** Returns the token of each request; null before the sign-in. @type {() => Promise<string | null>} */
let tokenSource = async () => null

/** Sends the token of this source with each later request. @param {() => Promise<string>} source */
export function signWith(source) {
  tokenSource = source
}

/** A request was rejected or got no answer. `reason` is one of the gateway's reasons, NETWORK_FAILED or ANSWER_UNREADABLE. */
export class ApiError extends Error {
  /** @param {{reason: string, detail: string, status?: number, requestId?: string | null}} problem */
  constructor({ reason, detail, status = 0, requestId = null }) {
    super(detail)
    this.name = 'ApiError'
    this.reason = reason
    this.status = status
    this.requestId = requestId
  }

  /** Whether the same request may succeed later without a change. */
  get isRetryable() {
    return this.status === 0 || this.status === 429 || this.status >= 502
  }
}

/**
 * Sends a request and resolves with the decoded JSON. Rejects with an ApiError.
 *
 * @param {string} path
 * @param {{method?: string, body?: unknown, idempotencyKey?: string, query?: Record<string, string | number | null | undefined>,
 *   isOpen?: boolean}} [options]  `isOpen`: the route needs no token
 * @returns {Promise<{body: any, timings: Timing[], roundTripMs: number}>}
 */
export async function ask(path, { method = 'GET', body, idempotencyKey, query, isOpen } = {}) {
  const startedAt = performance.now()
  const response = await send(withQuery(path, query), { method, body, idempotencyKey, isOpen })
  const answer = await decode(response)
  return {
    body: answer,
    timings: parseServerTiming(response.headers.get('server-timing')),
    roundTripMs: performance.now() - startedAt,
  }
}

/** Requests a file and resolves with its text. Rejects with an ApiError. @param {string} path @returns {Promise<string>} */
export async function askText(path) {
  const response = await send(path, { method: 'GET' })
  const text = await response.text()
  if (!response.ok) throw toApiError(response, parseJson(text))
  return text
}

/**
 * @param {string} url
 * @param {{method: string, body?: unknown, idempotencyKey?: string, isOpen?: boolean}} request
 */
async function send(url, { method, body, idempotencyKey, isOpen = false }) {
  const headers = new Headers()
  const token = isOpen ? null : await tokenSource()
  if (token !== null) headers.set('authorization', `Bearer ${token}`)
  if (body !== undefined) headers.set('content-type', 'application/json')
  if (idempotencyKey) headers.set('idempotency-key', idempotencyKey)
  try {
    return await fetch(url, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    })
  } catch (error) {
    const wasTooSlow = error instanceof DOMException && error.name === 'TimeoutError'
    const detail = wasTooSlow
      ? `No answer came within ${REQUEST_TIMEOUT_MS / 1000} s.`
      : 'The gateway can’t be reached.'
    throw new ApiError({ reason: 'NETWORK_FAILED', detail })
  }
}

async function decode(response) {
  const text = await response.text()
  const body = parseJson(text)
  if (response.ok && body !== undefined) return body
  if (response.ok)
    throw new ApiError({ reason: 'ANSWER_UNREADABLE', detail: 'The answer isn’t JSON.', status: response.status })
  throw toApiError(response, body)
}

function toApiError(response, problem) {
  const fields = (problem?.errors ?? []).map(({ pointer, detail }) => `${pointer} ${detail}.`)
  return new ApiError({
    reason: problem?.reason ?? `HTTP_${response.status}`,
    detail: [problem?.detail ?? problem?.title ?? `The gateway answered ${response.status}.`, ...fields].join(' '),
    status: response.status,
    requestId: problem?.requestId ?? response.headers.get('x-request-id'),
  })
}

function parseJson(text) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function withQuery(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== '')
  return given.length === 0
    ? path
    : `${path}?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`
}

/**
 * Reads `total;dur=3.1, scoring;dur=0.2;desc="one batch"`.
 * @param {string | null} header
 * @returns {Timing[]}
 */
function parseServerTiming(header) {
  return (header ?? '')
    .split(',')
    .map((entry) => entry.split(';').map((part) => part.trim()))
    .filter(([name]) => name)
    .map(([name, ...params]) => ({
      name,
      durationMs: Number(paramOf(params, 'dur') ?? Number.NaN),
      description: paramOf(params, 'desc'),
    }))
    .map((timing) => ({ ...timing, durationMs: Number.isFinite(timing.durationMs) ? timing.durationMs : null }))
}

function paramOf(params, name) {
  const param = params.find((candidate) => candidate.startsWith(`${name}=`))
  return param ? param.slice(name.length + 1).replaceAll('"', '') : null
}

/** Returns a new idempotency key: a request sent again with the same key takes effect once. `randomUUID` is absent on plain-HTTP origins. */
export function newIdempotencyKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

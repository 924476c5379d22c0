// The one error class, and the table that gives each reason of the catalogue its kind. How an error looks on a protocol is the protocol's business.
import { ErrorReason } from './gen/whynotboth/v1/errors.ts'

export type Reason = Exclude<keyof typeof ErrorReason, 'UNSPECIFIED'>

export type Kind =
  | 'INVALID_ARGUMENT'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'UNAUTHENTICATED'
  | 'PERMISSION_DENIED'
  | 'RESOURCE_EXHAUSTED'
  | 'UNAVAILABLE'
  | 'DEADLINE_EXCEEDED'
  | 'INTERNAL'

export const reasons = {
  REQUEST_INVALID: 'INVALID_ARGUMENT',
  BODY_MALFORMED: 'INVALID_ARGUMENT',
  BODY_TOO_LARGE: 'INVALID_ARGUMENT',
  MEDIA_TYPE_UNSUPPORTED: 'INVALID_ARGUMENT',
  PAGE_TOKEN_INVALID: 'INVALID_ARGUMENT',
  FRAME_INVALID: 'INVALID_ARGUMENT',
  JOB_PARAMS_INVALID: 'INVALID_ARGUMENT',
  MESSAGE_UNDECODABLE: 'INVALID_ARGUMENT',
  IMPORT_INVALID: 'INVALID_ARGUMENT',
  ROUTE_UNKNOWN: 'NOT_FOUND',
  USER_UNKNOWN: 'NOT_FOUND',
  ITEM_UNKNOWN: 'NOT_FOUND',
  JOB_UNKNOWN: 'NOT_FOUND',
  JOB_RESULT_MISSING: 'NOT_FOUND',
  MODEL_VERSION_UNKNOWN: 'NOT_FOUND',
  TOPIC_UNKNOWN: 'NOT_FOUND',
  RESUME_TOO_OLD: 'NOT_FOUND',
  DEAD_LETTER_UNKNOWN: 'NOT_FOUND',
  IDEMPOTENCY_KEY_REUSED: 'ALREADY_EXISTS',
  TOKEN_INVALID: 'UNAUTHENTICATED',
  ORIGIN_REFUSED: 'PERMISSION_DENIED',
  ACCESS_DENIED: 'PERMISSION_DENIED',
  HOST_REFUSED: 'PERMISSION_DENIED',
  RECOMMENDER_OVERLOADED: 'RESOURCE_EXHAUSTED',
  SUBSCRIPTIONS_EXHAUSTED: 'RESOURCE_EXHAUSTED',
  INTERACTIONS_EXHAUSTED: 'RESOURCE_EXHAUSTED',
  RATE_EXCEEDED: 'RESOURCE_EXHAUSTED',
  SOCKETS_EXHAUSTED: 'RESOURCE_EXHAUSTED',
  GATEWAY_OVERLOADED: 'RESOURCE_EXHAUSTED',
  RECOMMENDER_UNAVAILABLE: 'UNAVAILABLE',
  MODEL_NOT_LOADED: 'UNAVAILABLE',
  BROKER_UNAVAILABLE: 'UNAVAILABLE',
  STORE_UNAVAILABLE: 'UNAVAILABLE',
  OFFSET_NOT_REACHED: 'UNAVAILABLE',
  SHUTTING_DOWN: 'UNAVAILABLE',
  MODEL_VERSION_UNUSABLE: 'UNAVAILABLE',
  IDENTITY_PROVIDER_UNAVAILABLE: 'UNAVAILABLE',
  REGISTRY_UNAVAILABLE: 'UNAVAILABLE',
  STORE_UNUSABLE: 'UNAVAILABLE',
  REGISTRY_UNUSABLE: 'UNAVAILABLE',
  BROKER_UNUSABLE: 'UNAVAILABLE',
  DEADLINE_EXCEEDED: 'DEADLINE_EXCEEDED',
  JOB_DEADLINE_EXCEEDED: 'DEADLINE_EXCEEDED',
  UPSTREAM_FAILED: 'INTERNAL',
  INTERNAL: 'INTERNAL',
  JOB_PROCESS_DIED: 'INTERNAL',
  JOB_TAKEN_OVER: 'INTERNAL',
} as const satisfies Record<Reason, Kind>

const retryableKinds: ReadonlySet<Kind> = new Set(['RESOURCE_EXHAUSTED', 'UNAVAILABLE'])
/** Of those kinds, what an operator must mend first. */
const finalReasons: ReadonlySet<Reason> = new Set([
  'STORE_UNUSABLE',
  'REGISTRY_UNUSABLE',
  'BROKER_UNUSABLE',
  'MODEL_VERSION_UNUSABLE',
])
/** Those of other kinds. */
const retryableReasons: ReadonlySet<Reason> = new Set(['DEADLINE_EXCEEDED', 'UPSTREAM_FAILED', 'JOB_PROCESS_DIED'])

/** One field that can't be used: where it is (`/rating`) and what is wrong with it. */
export type FieldError = { pointer: string; detail: string }

export type AppErrorOptions = { cause?: unknown; fields?: FieldError[]; retryAfterSeconds?: number }

export class AppError extends Error {
  readonly reason: Reason
  readonly fields: FieldError[]
  readonly retryAfterSeconds: number | undefined

  constructor(reason: Reason, detail: string, options: AppErrorOptions = {}) {
    super(detail, { cause: options.cause })
    this.name = 'AppError'
    this.reason = reason
    this.fields = options.fields ?? []
    this.retryAfterSeconds = options.retryAfterSeconds
  }

  get kind(): Kind {
    return reasons[this.reason]
  }

  /** Whether the same call or frame may succeed later. */
  get isRetryable(): boolean {
    return (retryableKinds.has(this.kind) && !finalReasons.has(this.reason)) || retryableReasons.has(this.reason)
  }
}

const reasonOfNumber = new Map<number, Reason>(
  Object.entries(ErrorReason)
    .filter(([, number]) => number !== ErrorReason.UNSPECIFIED)
    .map(([name, number]) => [number, name as Reason]),
)

/** The reason of a number on the wire; a number that this build doesn't know is an upstream's failure. */
export function toReason(number: ErrorReason): Reason {
  return reasonOfNumber.get(number) ?? 'UPSTREAM_FAILED'
}

export function isReason(name: string): name is Reason {
  return Object.hasOwn(reasons, name)
}

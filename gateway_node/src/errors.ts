// The one error class. The contract states the kind, the wording and the HTTP status of each reason: protos/whynotboth/v1/errors.proto.
import { errorReasons, type Kind } from './gen/whynotboth/v1/error-reasons.ts'
import { ErrorReason } from './gen/whynotboth/v1/errors.ts'

export type Reason = keyof typeof errorReasons

/** One field that can't be used: where it is (`/rating`) and what is wrong with it. */
export type FieldError = { pointer: string; detail: string }

export type AppErrorOptions = { cause?: unknown; fields?: FieldError[]; retryAfterSeconds?: number }

export class AppError extends Error {
  readonly reason: Reason
  readonly fields: FieldError[]
  /** Of a retryable error. */
  readonly retryAfterSeconds: number

  /** `detail` says what happened, with which value, and what to do. Without one the error has the sentences of the contract. */
  constructor(reason: Reason, detail: string = errorReasons[reason].detail, options: AppErrorOptions = {}) {
    super(detail, { cause: options.cause })
    this.name = 'AppError'
    this.reason = reason
    this.fields = options.fields ?? []
    this.retryAfterSeconds = options.retryAfterSeconds ?? 1
  }

  get kind(): Kind {
    return errorReasons[this.reason].kind
  }

  /** Whether the same call or frame may succeed later. */
  get isRetryable(): boolean {
    return errorReasons[this.reason].isRetryable
  }
}

const reasonOfNumber = new Map(
  Object.keys(errorReasons).map((reason) => [ErrorReason[reason as Reason] as number, reason as Reason]),
)

/** Return the reason of a number on the wire. A number that this build doesn't know is UPSTREAM_FAILED. */
export function toReason(number: ErrorReason): Reason {
  return reasonOfNumber.get(number) ?? 'UPSTREAM_FAILED'
}

export function isReason(name: string): name is Reason {
  return Object.hasOwn(errorReasons, name)
}

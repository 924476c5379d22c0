// Turns a failed gRPC call into an AppError. The reason in the recommender's ErrorInfo wins over the bare status.
import { type ServiceError, status } from '@grpc/grpc-js'
import { AppError, isReason, type Reason } from '../../errors.ts'
import { ErrorInfo } from '../../gen/google/rpc/error_details.ts'
import { Status } from '../../gen/google/rpc/status.ts'
import { errorDomain } from '../../gen/whynotboth/v1/error-reasons.ts'

const detailsKey = 'grpc-status-details-bin'
const errorInfoType = 'type.googleapis.com/google.rpc.ErrorInfo'

const reasonOfStatus: Partial<Record<status, Reason>> = {
  [status.UNAVAILABLE]: 'RECOMMENDER_UNAVAILABLE',
  // The gateway cancels no call that it waits for. The recommender cancels its calls when it stops.
  [status.CANCELLED]: 'RECOMMENDER_UNAVAILABLE',
  [status.DEADLINE_EXCEEDED]: 'DEADLINE_EXCEEDED',
  [status.RESOURCE_EXHAUSTED]: 'RECOMMENDER_OVERLOADED',
}

export function toAppError(error: ServiceError): AppError {
  const reason = readReason(error)
  // INTERNAL is a bug of the recommender. To the gateway's callers it is the failure of another service.
  if (reason && reason !== 'INTERNAL') return new AppError(reason, error.details, { cause: error })
  return new AppError(reasonOfStatus[error.code] ?? 'UPSTREAM_FAILED', undefined, { cause: error })
}

function readReason({ metadata }: ServiceError): Reason | undefined {
  const [bytes] = metadata?.get(detailsKey) ?? []
  if (!Buffer.isBuffer(bytes)) return undefined
  try {
    const info = Status.decode(bytes).details.find(({ typeUrl }) => typeUrl === errorInfoType)
    if (!info) return undefined
    const { reason, domain } = ErrorInfo.decode(info.value)
    // A proxy may send reasons of its own, which are unique only within its domain.
    return domain === errorDomain && isReason(reason) ? reason : undefined
  } catch {
    // Details that can't be decoded give no reason. The bare status still gives one.
    return undefined
  }
}

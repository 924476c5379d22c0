// One table from gRPC's failures to the catalogue. What the recommender says in its ErrorInfo wins over the bare status.
import { BinaryReader } from '@bufbuild/protobuf/wire'
import { type ServiceError, status } from '@grpc/grpc-js'
import { AppError, isReason, type Reason } from '../../errors.ts'

const detailsKey = 'grpc-status-details-bin'
const errorInfoType = 'type.googleapis.com/google.rpc.ErrorInfo'

const reasonOfStatus: Partial<Record<status, Reason>> = {
  [status.UNAVAILABLE]: 'RECOMMENDER_UNAVAILABLE',
  // The gateway cancels no call that it waits for, so the other side did, as it stops.
  [status.CANCELLED]: 'RECOMMENDER_UNAVAILABLE',
  [status.DEADLINE_EXCEEDED]: 'DEADLINE_EXCEEDED',
  [status.RESOURCE_EXHAUSTED]: 'RECOMMENDER_OVERLOADED',
}

const detailOfReason: Partial<Record<Reason, string>> = {
  RECOMMENDER_UNAVAILABLE: 'No recommender answers. Try again.',
  DEADLINE_EXCEEDED: 'The recommender did not answer in time. Try again.',
  RECOMMENDER_OVERLOADED: 'The recommender has too much to do. Try again.',
}

export function toAppError(error: ServiceError): AppError {
  const said = readReason(error)
  // INTERNAL is a bug of the process that names it. For this process it is the failure of another one.
  if (said && said !== 'INTERNAL') return new AppError(said, error.details, { cause: error, retryAfterSeconds: 1 })
  const reason = reasonOfStatus[error.code] ?? 'UPSTREAM_FAILED'
  const detail = detailOfReason[reason] ?? 'The recommender failed. Report it with the request id.'
  return new AppError(reason, detail, { cause: error, retryAfterSeconds: 1 })
}

function readReason(error: ServiceError): Reason | undefined {
  const [details] = error.metadata?.get(detailsKey) ?? []
  if (!Buffer.isBuffer(details)) return undefined
  try {
    const name = fieldsOf(details, 3)
      .filter((any) => text(fieldsOf(any, 1)) === errorInfoType)
      .map((any) => text(fieldsOf(fieldsOf(any, 2)[0] ?? new Uint8Array(), 1)))[0]
    return name !== undefined && isReason(name) ? name : undefined
  } catch {
    // Details that can't be decoded say nothing; the bare status still does.
    return undefined
  }
}

/** The length-delimited fields of a number in a message: google.rpc.Status{details = 3}, Any{type_url = 1, value = 2}, ErrorInfo{reason = 1}. */
function fieldsOf(message: Uint8Array, number: number): Uint8Array[] {
  const reader = new BinaryReader(message)
  const found: Uint8Array[] = []
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag()
    if (field === number && wireType === 2) found.push(reader.bytes())
    else reader.skip(wireType, field)
  }
  return found
}

function text(fields: Uint8Array[]): string {
  return fields[0] ? new TextDecoder().decode(fields[0]) : ''
}

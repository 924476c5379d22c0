// Errors as the recommender sends them: a status, and google.rpc.Status with one ErrorInfo in its trailer.
import { Metadata, type ServiceError, type status } from '@grpc/grpc-js'
import { ErrorInfo } from '../../../src/gen/google/rpc/error_details.ts'
import { Status } from '../../../src/gen/google/rpc/status.ts'
import { errorDomain } from '../../../src/gen/whynotboth/v1/error-reasons.ts'

export function grpcError(code: status, details: string, reason?: string, domain = errorDomain): ServiceError {
  const metadata = new Metadata()
  if (reason) metadata.set('grpc-status-details-bin', Buffer.from(encodeStatus(code, details, reason, domain)))
  return Object.assign(new Error(details), { code, details, metadata })
}

function encodeStatus(code: number, message: string, reason: string, domain: string): Uint8Array {
  const value = Buffer.from(ErrorInfo.encode({ reason, domain, metadata: {} }).finish())
  const typeUrl = 'type.googleapis.com/google.rpc.ErrorInfo'
  return Status.encode({ code, message, details: [{ typeUrl, value }] }).finish()
}

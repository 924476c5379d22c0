// Errors as the recommender sends them: a status, and google.rpc.Status with one ErrorInfo in its trailer.
import { BinaryWriter } from '@bufbuild/protobuf/wire'
import { Metadata, type ServiceError, type status } from '@grpc/grpc-js'

export function grpcError(code: status, details: string, reason?: string): ServiceError {
  const metadata = new Metadata()
  if (reason) metadata.set('grpc-status-details-bin', Buffer.from(statusMessage(code, details, reason)))
  return Object.assign(new Error(details), { code, details, metadata })
}

function statusMessage(code: number, message: string, reason: string): Uint8Array {
  const info = new BinaryWriter().uint32(10).string(reason).uint32(18).string('whynotboth').finish()
  const any = new BinaryWriter().uint32(10).string('type.googleapis.com/google.rpc.ErrorInfo').uint32(18).bytes(info)
  const details = any.finish()
  return new BinaryWriter().uint32(8).int32(code).uint32(18).string(message).uint32(26).bytes(details).finish()
}

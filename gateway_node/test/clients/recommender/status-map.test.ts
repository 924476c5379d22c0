import assert from 'node:assert/strict'
import { test } from 'node:test'
import { status } from '@grpc/grpc-js'
import { toAppError } from '../../../src/clients/recommender/status-map.ts'
import { grpcError } from './grpc-errors.ts'

test('what the recommender says of itself wins over the status', () => {
  const error = toAppError(grpcError(status.UNAVAILABLE, 'The store is away.', 'STORE_UNAVAILABLE'))

  assert.deepEqual([error.reason, error.message], ['STORE_UNAVAILABLE', 'The store is away.'])
})

test('a bare status has a reason too', () => {
  const reasons = [status.UNAVAILABLE, status.CANCELLED, status.DEADLINE_EXCEEDED, status.RESOURCE_EXHAUSTED].map(
    (code) => toAppError(grpcError(code, '')).reason,
  )

  assert.deepEqual(reasons, [
    'RECOMMENDER_UNAVAILABLE',
    'RECOMMENDER_UNAVAILABLE',
    'DEADLINE_EXCEEDED',
    'RECOMMENDER_OVERLOADED',
  ])
})

test('what explains nothing is the upstream’s failure, its inside kept from callers', () => {
  const original = grpcError(status.INTERNAL, 'Traceback of the inside')

  const error = toAppError(original)

  assert.equal(error.reason, 'UPSTREAM_FAILED')
  assert.equal(error.cause, original)
  assert.ok(!error.message.includes('Traceback'))
})

test('a bug of the recommender is the failure of another service to callers, and no bug of this gateway', () => {
  const error = toAppError(grpcError(status.INTERNAL, 'The recommender failed.', 'INTERNAL'))

  assert.deepEqual([error.reason, error.isRetryable], ['UPSTREAM_FAILED', true])
})

test('details that can not be decoded, or a reason of another build, leave the status', () => {
  const broken = grpcError(status.UNAVAILABLE, '')
  broken.metadata.set('grpc-status-details-bin', Buffer.from([0xff, 0xff, 0xff]))

  assert.equal(toAppError(broken).reason, 'RECOMMENDER_UNAVAILABLE')
  assert.equal(toAppError(grpcError(status.INTERNAL, '', 'OF_ANOTHER_BUILD')).reason, 'UPSTREAM_FAILED')
})

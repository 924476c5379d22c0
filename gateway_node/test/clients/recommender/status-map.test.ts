import assert from 'node:assert/strict'
import { test } from 'node:test'
import { status } from '@grpc/grpc-js'
import { toAppError } from '../../../src/clients/recommender/status-map.ts'
import { grpcError } from './grpc-errors.ts'

test('the reason in the error details wins over the status', () => {
  const error = toAppError(grpcError(status.UNAVAILABLE, 'The store is away.', 'STORE_UNAVAILABLE'))

  assert.deepEqual([error.reason, error.message], ['STORE_UNAVAILABLE', 'The store is away.'])
})

test('a status without details has a reason too', () => {
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

test('an unexplained failure is UPSTREAM_FAILED, and its text is kept from callers', () => {
  const original = grpcError(status.INTERNAL, 'Traceback of the recommender')

  const error = toAppError(original)

  assert.equal(error.reason, 'UPSTREAM_FAILED')
  assert.equal(error.cause, original)
  assert.ok(!error.message.includes('Traceback'))
})

test('a bug of the recommender is UPSTREAM_FAILED to callers, and no bug of the gateway', () => {
  const error = toAppError(grpcError(status.INTERNAL, 'The recommender has a bug.', 'INTERNAL'))

  assert.deepEqual([error.reason, error.isRetryable], ['UPSTREAM_FAILED', true])
})

test('the status decides if the details can not be decoded or name an unknown reason', () => {
  const broken = grpcError(status.UNAVAILABLE, '')
  broken.metadata.set('grpc-status-details-bin', Buffer.from([0xff, 0xff, 0xff]))

  assert.equal(toAppError(broken).reason, 'RECOMMENDER_UNAVAILABLE')
  assert.equal(toAppError(grpcError(status.INTERNAL, '', 'OF_ANOTHER_BUILD')).reason, 'UPSTREAM_FAILED')
})

test("the status decides if the details hold another domain's reason", () => {
  const error = toAppError(grpcError(status.UNAVAILABLE, 'No host.', 'USER_UNKNOWN', 'proxy.example.org'))

  assert.equal(error.reason, 'RECOMMENDER_UNAVAILABLE')
})

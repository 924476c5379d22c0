import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppError, isReason, toReason } from '../src/errors.ts'
import { ErrorReason } from '../src/gen/whynotboth/v1/errors.ts'

test('an error has the kind of its reason, and is retryable as the contract says', () => {
  const described = (['BROKER_UNAVAILABLE', 'BROKER_UNUSABLE', 'DEADLINE_EXCEEDED', 'JOB_DEADLINE_EXCEEDED'] as const)
    .map((reason) => new AppError(reason))
    .map(({ kind, isRetryable }) => [kind, isRetryable])

  assert.deepEqual(described, [
    ['UNAVAILABLE', true],
    ['UNAVAILABLE', false],
    ['DEADLINE_EXCEEDED', true],
    ['DEADLINE_EXCEEDED', false],
  ])
})

test('an error without a detail of its own has the sentences of the contract', () => {
  assert.equal(new AppError('SHUTTING_DOWN').message, 'The process is about to stop. Ask another replica.')
  assert.equal(new AppError('SHUTTING_DOWN', 'The gateway stops.').message, 'The gateway stops.')
})

test('every number of the contract has its reason', () => {
  const numbers = Object.entries(ErrorReason).filter(([, number]) => number !== ErrorReason.UNSPECIFIED)

  assert.deepEqual(
    numbers.map(([, number]) => toReason(number)),
    numbers.map(([name]) => name),
  )
})

test('an unspecified or unknown number is the failure of another service', () => {
  assert.equal(toReason(ErrorReason.UNSPECIFIED), 'UPSTREAM_FAILED')
  assert.equal(toReason(9999 as ErrorReason), 'UPSTREAM_FAILED')
})

test('a name that this build does not know is not a reason', () => {
  assert.deepEqual(['ITEM_UNKNOWN', 'UNSPECIFIED', 'toString'].map(isReason), [true, false, false])
})

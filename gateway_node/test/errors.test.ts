import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppError, isReason, toReason } from '../src/errors.ts'
import { ErrorReason } from '../src/gen/whynotboth/v1/errors.ts'

test('an error has the kind of its reason, and is retryable as the contract says', () => {
  const expected = {
    BROKER_UNAVAILABLE: ['UNAVAILABLE', true],
    BROKER_UNUSABLE: ['UNAVAILABLE', false],
    DEADLINE_EXCEEDED: ['DEADLINE_EXCEEDED', true],
    JOB_DEADLINE_EXCEEDED: ['DEADLINE_EXCEEDED', false],
    RECOMMENDER_OVERLOADED: ['RESOURCE_EXHAUSTED', true],
    ITEM_UNKNOWN: ['NOT_FOUND', false],
    REQUEST_INVALID: ['INVALID_ARGUMENT', false],
    INTERNAL: ['INTERNAL', false],
  } as const

  const errors = Object.keys(expected).map((reason) => new AppError(reason as keyof typeof expected))

  const described = errors.map(({ reason, kind, isRetryable }) => [reason, [kind, isRetryable]])
  assert.deepEqual(Object.fromEntries(described), expected)
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

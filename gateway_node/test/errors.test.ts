import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { AppError, reasons, toReason } from '../src/errors.ts'
import { ErrorReason } from '../src/gen/whynotboth/v1/errors.ts'

const proto = readFileSync(new URL('../../protos/whynotboth/v1/errors.proto', import.meta.url), 'utf8')

/** Kind of each reason, as the catalogue's comments say. */
function readCatalogue(): Record<string, string> {
  const values = proto.matchAll(/\/\/ ([A-Z_]+)(?:, retryable)?\. [^\n]*\n\s+ERROR_REASON_([A-Z_]+) = (\d+);/g)
  return Object.fromEntries(
    [...values].filter(([, , , number]) => number !== '0').map(([, kind, name]) => [name, kind]),
  )
}

test('every reason has the kind that the catalogue says', () => {
  const catalogue = readCatalogue()

  assert.deepEqual({ ...reasons }, catalogue)
  assert.equal(Object.keys(catalogue).length, Object.keys(ErrorReason).length - 1)
})

test('a number that this build does not know is the upstream’s failure', () => {
  assert.equal(toReason(ErrorReason.ITEM_UNKNOWN), 'ITEM_UNKNOWN')
  assert.equal(toReason(9999 as ErrorReason), 'UPSTREAM_FAILED')
})

test('only what may go well later is retryable', () => {
  const isRetryable = (reason: keyof typeof reasons) => new AppError(reason, '').isRetryable

  assert.ok(
    isRetryable('BROKER_UNAVAILABLE') && isRetryable('RECOMMENDER_OVERLOADED') && isRetryable('DEADLINE_EXCEEDED'),
  )
  assert.ok(!isRetryable('ITEM_UNKNOWN') && !isRetryable('REQUEST_INVALID') && !isRetryable('INTERNAL'))
})

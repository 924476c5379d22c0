// The log line that says why the gateway can't reach the broker.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFailureLog, explain, type Failure } from '../../../src/clients/broker/failures.ts'

test("a failure is the first line of the driver's error", () => {
  assert.deepEqual(explain(new Error('connect ECONNREFUSED 127.0.0.1:5672\nmore of it')), {
    cause: 'connect ECONNREFUSED 127.0.0.1:5672',
  })
})

test('the cause of an error without a message is its code or name, and that of another value its text', () => {
  const refused = Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' })

  const causes = [refused, new AggregateError([]), 'gone'].map((error) => explain(error).cause)

  assert.deepEqual(causes, ['ECONNREFUSED', 'AggregateError', 'gone'])
})

test('a failure is logged once, and again after another failure or a success', () => {
  const told: Failure[] = []
  const failures = createFailureLog((failure) => told.push(failure))

  for (const message of ['a', 'a', 'b', 'b']) failures.failed(new Error(message))
  failures.succeeded()
  failures.failed(new Error('b'))

  assert.deepEqual(
    told.map(({ cause }) => cause),
    ['a', 'b', 'b'],
  )
})

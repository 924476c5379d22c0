import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppError } from '../../../src/errors.ts'
import { clientFrames, encodeError, encodeEvent, parseFrame } from '../../../src/features/live/frames.ts'
import { findUnbounded, type Schema } from '../../unbounded.ts'

const parse = (text: string) => parseFrame(Buffer.from(text), false)

test('each known frame is understood', () => {
  const frames = [
    { type: 'hello', token: 'abc', resume: { jobs: 7 } },
    { type: 'subscribe', topic: 'jobs', resume: 7, id: 's' },
    { type: 'unsubscribe', topic: 'jobs' },
    { type: 'rate', id: 'r', itemId: '50', rating: 4.5 },
    { type: 'ping' },
  ]

  const parsed = frames.map((frame) => parse(JSON.stringify(frame)))

  assert.deepEqual(parsed, frames)
})

function resumeOf(topics: number): string {
  const resume = Object.fromEntries(Array.from({ length: topics }, (_, number) => [`jobs/${number}`, 0]))
  return JSON.stringify({ type: 'hello', resume })
}

function manyNames(names: number): string {
  const unknown = Object.fromEntries(Array.from({ length: names }, (_, number) => [`name${number}`, number]))
  return JSON.stringify({ type: 'hello', ...unknown })
}

const invalid: [string, string, RegExp][] = [
  ['no JSON', '{', /not JSON/],
  ['no object', '[1]', /not a JSON object/],
  ['null', 'null', /not a JSON object/],
  ['no type', '{}', /type is none of hello/],
  ['a type that is a name of every object', '{"type":"constructor"}', /type is none of/],
  ['an unknown property', '{"type":"ping","now":1}', /\/now is unknown/],
  ['a missing property', '{"type":"subscribe"}', /\/topic is missing/],
  ['a value out of range', '{"type":"rate","id":"1","itemId":"5","rating":6}', /\/rating must be <= 5/],
  ['what nests too deep', `{"type":"ping","id":${'['.repeat(100)}${']'.repeat(100)}}`, /deeper than 8 levels/],
  [
    'what nests 30000 levels',
    `{"type":"ping","id":${'['.repeat(30_000)}${']'.repeat(30_000)}}`,
    /more than 128 fields/,
  ],
  ['6000 unknown names', manyNames(6000), /more than 128 fields/],
  ['6000 topics to resume', resumeOf(6000), /more than 128 fields/],
  ['too many topics to resume', resumeOf(101), /\/resume must not have more than 100 properties/],
  ['a name that reaches a prototype', '{"type":"ping","__proto__":{"id":"x"}}', /\/__proto__ is unknown/],
  ['an offset that is none', '{"type":"subscribe","topic":"jobs","resume":-1}', /\/resume must be >= 0/],
]
for (const [what, text, detail] of invalid) {
  test(`a frame with ${what} is refused, saying what is wrong`, () => {
    assert.throws(() => parse(text), { reason: 'FRAME_INVALID', message: detail })
  })
}

test('a binary frame is refused, whatever it holds', () => {
  assert.throws(() => parseFrame(Buffer.from('{"type":"ping"}'), true), { reason: 'FRAME_INVALID' })
})

test('an event holds its data as it is', () => {
  const text = encodeEvent('users/"x"/recommendations', null, '{"a":1}')

  assert.deepEqual(JSON.parse(text), {
    type: 'event',
    topic: 'users/"x"/recommendations',
    offset: null,
    data: { a: 1 },
  })
})

test('an error says whether trying again may help', () => {
  const frame = (reason: 'TOPIC_UNKNOWN' | 'BROKER_UNAVAILABLE') =>
    JSON.parse(encodeError(new AppError(reason, 'Why.'), { replyTo: '7' }))

  assert.deepEqual(frame('TOPIC_UNKNOWN'), {
    type: 'error',
    reason: 'TOPIC_UNKNOWN',
    detail: 'Why.',
    retryable: false,
    replyTo: '7',
  })
  assert.equal(frame('BROKER_UNAVAILABLE').retryable, true)
})

test('every text, number and list of a frame has a bound', () => {
  const unbounded = Object.entries(clientFrames).flatMap(([name, schema]) =>
    findUnbounded(name, schema as unknown as Schema),
  )

  assert.deepEqual(unbounded, [])
})

for (const count of [1, 7, 8, 9, 50, 120])
  test(`a frame with ${count} unknown names is refused with some of them`, () => {
    const names = Object.fromEntries(Array.from({ length: count }, (_, number) => [`name${number}`, 1]))

    assert.throws(() => parse(JSON.stringify({ type: 'ping', ...names })), /name0 is unknown/)
  })

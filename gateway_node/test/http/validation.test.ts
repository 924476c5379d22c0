import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type TSchema, Type } from 'typebox'
import { toMessageParams } from '../../src/features/jobs/kinds.ts'
import { Nullable, strict } from '../../src/http/schemas.ts'
import { compileValidator, toFieldErrors } from '../../src/http/validation.ts'
import { buildTestApp } from '../build-app.ts'

/** Return the converted value, or `refused`. */
function read(schema: TSchema, given: unknown): unknown {
  const query = Type.Object({ value: schema }, strict)
  const validate = compileValidator({ schema: query, httpPart: 'querystring', method: 'GET', url: '/' })
  const result = validate({ value: given }) as { value?: { value: unknown }; error?: unknown }
  return result.error ? 'refused' : result.value?.value
}

const numbers = Type.Array(Type.Integer())
const cases: [what: string, schema: TSchema, given: unknown, value: unknown][] = [
  ['a boolean', Type.Boolean(), 'true', true],
  ['a boolean', Type.Boolean(), 'false', false],
  ['a boolean', Type.Boolean(), '1', 'refused'],
  ['a boolean', Type.Boolean(), '', 'refused'],
  ['a nullable integer', Nullable(Type.Integer()), '5', 5],
  ['a nullable integer', Nullable(Type.Integer()), '', null],
  ['a nullable integer', Nullable(Type.Integer()), 'x', 'refused'],
  ['a nullable boolean', Nullable(Type.Boolean()), 'true', true],
  ['a nullable text', Nullable(Type.String()), 'a', 'a'],
  ['a nullable text', Nullable(Type.String()), '5', '5'],
  ['a list of integers', numbers, '5', [5]],
  ['a list of integers', numbers, ['5', '6'], [5, 6]],
  ['a list of integers', numbers, ['5', 'x'], 'refused'],
  ['a list of texts', Type.Array(Type.String()), 'a', ['a']],
  ['a list of booleans', Type.Array(Type.Boolean()), ['true'], [true]],
  ['a list that may be null', Nullable(numbers), '5', [5]],
  ['one of some numbers', Type.Enum([1, 2]), '2', 2],
  ['one of some numbers', Type.Enum([1, 2]), '3', 'refused'],
  ['an integer or a boolean', Type.Union([Type.Integer(), Type.Boolean()]), 'true', true],
  ['an integer', Type.Integer(), '5.5', 'refused'],
  ['an integer', Type.Integer(), ['5', '6'], 'refused'],
  ['a text', Type.String(), '5', '5'],
]

for (const [what, schema, given, value] of cases)
  test(`in a query ${JSON.stringify(given)} for ${what} is ${JSON.stringify(value)}`, () => {
    assert.deepEqual(read(schema, given), value)
  })

const unknown = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`name${index}`, 1]))
const refusalOf = (act: () => unknown): string => {
  try {
    act()
    return ''
  } catch (error) {
    return String((error as Error).message)
  }
}

for (const count of [1, 7, 8, 9, 50, 120]) {
  test(`a body with ${count} unknown names is refused with some of them`, async (t) => {
    const { gateway } = await buildTestApp(t)

    const { body } = await gateway.rate({ userId: '1', itemId: '2', rating: 4, ...unknown(count) })

    const errors = body.errors as { pointer: string; detail: string }[]
    assert.deepEqual(errors[0], { pointer: '/name0', detail: 'is unknown' })
    assert.equal(new Set(errors.map(({ pointer }) => pointer)).size, errors.length)
    assert.ok(errors.length <= 16)
  })

  test(`a job with ${count} unknown parameters is refused with some of them`, () => {
    assert.match(
      refusalOf(() => toMessageParams('train', unknown(count) as never)),
      /name0 is unknown/,
    )
  })
}

test('a reason is never empty, and a name that is too long is cut', () => {
  const long = { keyword: 'boolean', instancePath: `/${'x'.repeat(60_000)}`, params: {} }

  assert.deepEqual(toFieldErrors([]), [{ pointer: '', detail: 'is not valid' }])
  assert.equal(toFieldErrors([long])[0]?.pointer.length, 200)
})

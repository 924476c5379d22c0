// Validates requests by their schemas. It converts the texts of a path or query to the schema's types, and converts nothing in a body.
import type { FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { AppError, type FieldError } from '../errors.ts'

const numberPattern = /^-?\d+(\.\d+)?$/
/** The names in a query. The schema would check each of them. */
const maxNames = 64
const maxErrors = 16
const shownLength = 200

type Schema = {
  type?: string
  default?: unknown
  enum?: unknown[]
  anyOf?: Schema[]
  items?: Schema
  properties?: Record<string, Schema>
}

/** Convert a text without loss: `5.5` isn't an integer. A text that can't be converted stays a text, which the schema then refuses. */
function toValue(given: unknown, schema: Schema): unknown {
  // One element comes as a text, several come as a list.
  if (schema.type === 'array') return [given].flat().map((element) => toValue(element, schema.items ?? {}))
  if (typeof given !== 'string') return given
  if (schema.enum) return schema.enum.find((value) => String(value) === given) ?? given
  if (schema.anyOf) return toValueOfAny(given, schema.anyOf)
  return toScalar(given, schema.type)
}

function toScalar(text: string, type: string | undefined): unknown {
  if (type === 'integer' || type === 'number') return numberPattern.test(text) ? Number(text) : text
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true'
  // A query can't express null in another way.
  if (type === 'null' && text === '') return null
  return text
}

function toValueOfAny(text: string, schemas: Schema[]): unknown {
  const values = schemas.map((schema) => toValue(text, schema))
  const place = values.findIndex((value) => value !== text)
  return place < 0 ? text : values[place]
}

/** Look up the schema's properties once, not for each request. */
function createFromTexts(schema: TSchema) {
  const rules = Object.entries((schema as Schema).properties ?? {})
  return (texts: Record<string, unknown>): Record<string, unknown> => {
    const values = { ...texts }
    for (const [name, property] of rules) {
      const value = texts[name] === undefined ? property.default : toValue(texts[name], property)
      if (value !== undefined) values[name] = value
    }
    return values
  }
}

export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const validator = Compile(schema)
  const fromTexts = createFromTexts(schema)
  return (data) => {
    if (httpPart === 'querystring' && Object.keys(data).length > maxNames) return { error: tooManyNames() }
    const value = httpPart === 'body' ? data : fromTexts(data)
    return validator.Check(value) ? { value } : { error: validator.Errors(value) }
  }
}

const tooManyNames = () => new AppError('REQUEST_INVALID', `The query has more than ${maxNames} names.`)

type SchemaError = { keyword: string; instancePath: string; params: unknown; message?: string | undefined }

/** Return the first 16 fields that a schema refused, each once; at least one. Takes TypeBox's errors, of a request or of a frame. */
export function toFieldErrors(errors: readonly SchemaError[]): FieldError[] {
  const details = new Map(
    errors.flatMap(describe).map(({ pointer, detail }) => [pointer.slice(0, shownLength), detail]),
  )
  if (details.size === 0) return [{ pointer: '', detail: 'is not valid' }]
  return [...details].slice(0, maxErrors).map(([pointer, detail]) => ({ pointer, detail }))
}

function describe({ keyword, instancePath, params, message = 'is not valid' }: SchemaError): FieldError[] {
  const { requiredProperties = [], additionalProperties = [] } = params as Record<string, string[]>
  const at = (name: string) => `${instancePath}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
  if (keyword === 'required') return requiredProperties.map((name) => ({ pointer: at(name), detail: 'is missing' }))
  // With many unknown names TypeBox stops before the error that lists them, and reports each name by this error.
  if (keyword === 'boolean') return [{ pointer: instancePath, detail: 'is unknown' }]
  if (keyword === 'additionalProperties')
    return additionalProperties.map((name) => ({ pointer: at(name), detail: 'is unknown' }))
  return [{ pointer: instancePath, detail: message }]
}

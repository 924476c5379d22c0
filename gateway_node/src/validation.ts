// Checks requests against their schemas. Bodies must have the right types; texts of a path or query become what the schema asks for.
import type { FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import type { FieldError } from './errors.ts'

const numberPattern = /^-?\d+(\.\d+)?$/

type PropertySchema = { type?: string; default?: unknown }

/** Unlike a lenient conversion it never changes a value: `5.5` isn't an integer, and an empty text is no number. */
function toValue(text: unknown, isNumber: boolean, otherwise: unknown): unknown {
  if (text === undefined) return otherwise
  return isNumber && typeof text === 'string' && numberPattern.test(text) ? Number(text) : text
}

/** What the schema says of each property is looked up once, not for each request. */
function createFromTexts(schema: TSchema) {
  const { properties = {} } = schema as { properties?: Record<string, PropertySchema> }
  const rules = Object.entries(properties).map(([name, { type, default: otherwise }]) => {
    return { name, otherwise, isNumber: type === 'integer' || type === 'number' }
  })
  return (texts: Record<string, unknown>): Record<string, unknown> => {
    const values = { ...texts }
    for (const { name, isNumber, otherwise } of rules) {
      const value = toValue(texts[name], isNumber, otherwise)
      if (value !== undefined) values[name] = value
    }
    return values
  }
}

export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const validator = Compile(schema)
  const fromTexts = createFromTexts(schema)
  return (data) => {
    const value = httpPart === 'body' ? data : fromTexts(data)
    return validator.Check(value) ? { value } : { error: validator.Errors(value) }
  }
}

type SchemaError = { keyword: string; instancePath: string; params: unknown; message?: string | undefined }

/** The fields that a schema refused, each once. Fits TypeBox's errors, of a request or of a frame. */
export function toFieldErrors(errors: readonly SchemaError[]): FieldError[] {
  return errors.flatMap(({ keyword, instancePath, params, message = 'is not valid' }) => {
    const { requiredProperties = [], additionalProperties = [] } = params as Record<string, string[]>
    if (keyword === 'boolean') return []
    if (keyword === 'required')
      return requiredProperties.map((name) => ({ pointer: `${instancePath}/${name}`, detail: 'is missing' }))
    if (keyword === 'additionalProperties')
      return additionalProperties.map((name) => ({ pointer: `${instancePath}/${name}`, detail: 'is unknown' }))
    return [{ pointer: instancePath, detail: message }]
  })
}

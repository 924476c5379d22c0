// Checks requests against their schemas. Bodies must have the right types; texts of a path or query become what the schema asks for.
import type { FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import type { FieldError } from './errors.ts'

const numberPattern = /^-?\d+(\.\d+)?$/

type PropertySchema = { type?: string; default?: unknown }

function fromText(schema: PropertySchema, text: unknown): unknown {
  if (text === undefined) return schema.default
  if (typeof text !== 'string') return text
  if ((schema.type === 'integer' || schema.type === 'number') && numberPattern.test(text)) return Number(text)
  return text
}

/** Unlike a lenient conversion it never changes a value: `5.5` isn't an integer, and an empty text is no number. */
function fromTexts(schema: TSchema, texts: Record<string, unknown>): Record<string, unknown> {
  const properties = (schema as { properties?: Record<string, PropertySchema> }).properties ?? {}
  const values: Record<string, unknown> = { ...texts }
  for (const [name, property] of Object.entries(properties)) {
    const value = fromText(property, texts[name])
    if (value !== undefined) values[name] = value
  }
  return values
}

export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const validator = Compile(schema)
  return (data) => {
    const value = httpPart === 'body' ? data : fromTexts(schema, data)
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

// Reads settings from environment variables by a schema, and collects their problems, one sentence for each variable.
import { envSchema } from 'env-schema'
import type { TProperties, TSchema } from 'typebox'
import { formats } from './setting-formats.ts'

export type Environment = Record<string, string | undefined>
type AjvError = { instancePath: string }

const yes = /^(true|t|yes|y|on|1)$/i
const no = /^(false|f|no|n|off|0)$/i

/**
 * Return the settings, with defaults in place of unusable values, and the problem of each unusable variable by its name.
 * An empty variable counts as unset.
 */
export function readEnvironment<Settings>(schema: TSchema & { properties: TProperties }, environment: Environment) {
  const given = tidy(schema.properties, environment)
  const problems = new Map<string, string>()
  for (const name of unusable(schema, given)) {
    problems.set(
      name,
      `${name} is ${shown(schema.properties[name], given[name])}: set it to ${allowed(schema.properties[name])}.`,
    )
    delete given[name]
  }
  return { settings: validate<Settings>(schema, given), problems }
}

/** Trims each value and writes enums and booleans in one way. The Python services accept the same words for true and false. */
function tidy(properties: TProperties, environment: Environment): Record<string, string> {
  const texts = Object.keys(properties).map((name) => [name, environment[name]?.trim() ?? ''] as const)
  const given = texts.filter(([, text]) => text !== '')
  return Object.fromEntries(given.map(([name, text]) => [name, unified(properties[name] as TSchema, text)]))
}

function unified(schema: TSchema, text: string): string {
  if ('enum' in schema) return text.toLowerCase()
  if (!('type' in schema) || schema.type !== 'boolean') return text
  return yes.test(text) ? 'true' : no.test(text) ? 'false' : text
}

function unusable(schema: TSchema, given: Record<string, string>): string[] {
  try {
    validate(schema, given)
    return []
  } catch (error) {
    const { errors } = error as { errors?: AjvError[] }
    if (errors === undefined) throw error
    return [...new Set(errors.map(({ instancePath }) => instancePath.slice(1)))]
  }
}

function validate<Settings>(schema: TSchema, given: Record<string, string>): Settings {
  return envSchema<Settings>({
    schema,
    data: { ...given },
    env: false,
    ajv: {
      customOptions(ajv) {
        for (const [name, { validate }] of Object.entries(formats)) ajv.addFormat(name, validate)
        return ajv
      },
    },
  })
}

const shown = (schema: TSchema | undefined, text: string | undefined) =>
  schema && 'writeOnly' in schema ? "not usable (its value isn't shown)" : JSON.stringify(text)

function allowed(schema: TSchema | undefined): string {
  const { type, enum: words, format, minimum, maximum, minLength } = { ...schema } as Record<string, unknown>
  if (Array.isArray(words)) return `one of ${words.join(', ')}`
  if (type === 'boolean') return 'true or false'
  if (type === 'integer') return `an integer from ${minimum} to ${maximum}`
  return typeof format === 'string' ? (formats[format]?.allowed ?? format) : `a text of ${minLength} characters or more`
}

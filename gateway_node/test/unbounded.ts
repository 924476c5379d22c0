// Finds the values of a JSON schema that have no limit.

export type Schema = {
  type?: string
  enum?: unknown[]
  const?: unknown
  anyOf?: Schema[]
  items?: Schema
  properties?: Record<string, Schema>
  patternProperties?: Record<string, Schema>
  additionalProperties?: unknown
  [bound: string]: unknown
}

const boundsOfType: Record<string, string[]> = {
  string: ['maxLength'],
  integer: ['minimum', 'maximum'],
  number: ['minimum', 'maximum'],
  array: ['maxItems'],
  object: [],
}

/** Return the path of each value in a schema that has no limit. */
export function findUnbounded(path: string, schema: Schema): string[] {
  if (schema.enum || 'const' in schema) return []
  if (schema.anyOf) return schema.anyOf.flatMap((part) => findUnbounded(path, part))
  const missing = (boundsOfType[schema.type ?? ''] ?? ['type']).filter((bound) => schema[bound] === undefined)
  const free = freeProperties(schema)
  if (free && schema.maxProperties === undefined) missing.push('maxProperties')
  if (schema.type === 'object' && !free && schema.additionalProperties !== false) missing.push('additionalProperties')
  const inner = [
    ...Object.entries(schema.properties ?? {}),
    ...Object.entries(free ?? {}),
    ...(schema.items ? [['items', schema.items] as const] : []),
  ]
  return [
    ...missing.map((bound) => `${path} has no ${bound}`),
    ...inner.flatMap(([name, part]) => findUnbounded(`${path}/${name}`, part)),
  ]
}

/** The properties with any name: OpenAPI writes them as `additionalProperties`. */
function freeProperties({ patternProperties, additionalProperties }: Schema): Record<string, Schema> | undefined {
  if (patternProperties) return patternProperties
  return typeof additionalProperties === 'object' ? { '*': additionalProperties as Schema } : undefined
}

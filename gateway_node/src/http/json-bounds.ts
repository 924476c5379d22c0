// Limits of JSON from outside: how deep it nests and how many fields it has. Both are checked before any schema is.

/** The code that checks, compares or logs a value calls itself once a level: a deeply nested value would exhaust the stack. */
export const maxDepth = 8

export function isTooDeep(value: unknown, depth = maxDepth): boolean {
  if (typeof value !== 'object' || value === null) return false
  return depth === 0 || Object.values(value).some((inner) => isTooDeep(inner, depth - 1))
}

/**
 * Tell whether the value has more than `most` fields and elements, at all levels together. Stops counting there.
 * Checking thousands of names against a schema blocks the event loop ten times as long as counting them.
 */
export function isTooWide(value: unknown, most: number): boolean {
  const inside: unknown[] = [value]
  let fields = 0
  for (let next = inside.pop(); next !== undefined; next = inside.pop()) {
    if (typeof next !== 'object' || next === null) continue
    fields += Object.keys(next).length
    if (fields > most) return true
    inside.push(...Object.values(next))
  }
  return false
}

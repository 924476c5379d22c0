// How deep JSON from outside may nest. What checks, compares or logs a value calls itself for each level, and a deep one would exhaust the stack.

export const maxDepth = 8

export function isTooDeep(value: unknown, depth = maxDepth): boolean {
  if (typeof value !== 'object' || value === null) return false
  return depth === 0 || Object.values(value).some((inner) => isTooDeep(inner, depth - 1))
}

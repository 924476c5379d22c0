// Counts the fields of JSON from outside. Checking thousands of names against a schema blocks the event loop ten times as long as counting them.

/** Tell whether the value has more than `most` fields and elements, at all levels together. Stops counting there. */
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

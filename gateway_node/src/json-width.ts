// How many fields JSON from outside may hold in all. A check of thousands of names against a schema holds the event loop ten times as long as a count.

/** Counts the fields and elements of all levels, and stops as soon as there are more than `most`. */
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

// The schema of the ids of users and items, in tokens, routes and frames.
import { Type } from 'typebox'

/**
 * It refuses control characters: PostgreSQL stores no NUL, and the others hide in logs. The pattern means the same in every implementation of JSON
 * Schema. No such pattern exists for half a surrogate pair, so a separate check refuses that.
 */
export const Id = (example: string) =>
  Type.Refine(
    Type.String({
      minLength: 1,
      maxLength: 200,
      pattern: '^[^\\x00-\\x1f\\x7f-\\x9f]+$',
      description: 'Any text without control characters. Half a surrogate pair is no text.',
      examples: [example],
    }),
    (text) => text.isWellFormed(),
    () => 'must be text without half a surrogate pair',
  )

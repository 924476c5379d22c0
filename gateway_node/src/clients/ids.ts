// The form of the ids of users and items, for tokens as for routes and frames.
import { Type } from 'typebox'

/**
 * Control characters are refused: PostgreSQL stores no NUL, and the others only hide in logs. The pattern reads the same in every language of
 * JSON Schema. Half a surrogate pair, for which there is no such pattern, is refused by a check of its own.
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

// What the demo's sign-in takes and gives.
import { Type } from 'typebox'
import { exampleUser, strict, UserId } from '../../http/schemas.ts'

export const NewSession = Type.Union(
  [Type.Object({ userId: UserId }, strict), Type.Object({ role: Type.Literal('operator') }, strict)],
  {
    description: 'Who to be: a user, or the operator.',
    examples: [{ role: 'operator' }, { userId: exampleUser }],
  },
)

export const Session = Type.Object({
  token: Type.String({ description: 'Goes into the header `Authorization: Bearer`, or into the frame `hello`.' }),
  role: Type.Enum(['viewer', 'operator']),
  userId: Type.Optional(Type.String()),
  expiresAt: Type.String({ format: 'date-time' }),
})

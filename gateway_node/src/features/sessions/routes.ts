// The demo's sign-in: a short-lived token for any user or for the operator. A gateway that isn't a demo has no such route.
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import fp from 'fastify-plugin'
import { Type } from 'typebox'
import { exampleUser, strict, UserId } from '../../http/schemas.ts'

const NewSession = Type.Union(
  [Type.Object({ userId: UserId }, strict), Type.Object({ role: Type.Literal('operator') }, strict)],
  {
    description: 'Who to be: a user, or the operator.',
    examples: [{ role: 'operator' }, { userId: exampleUser }],
  },
)

const Session = Type.Object({
  token: Type.String({ description: 'Goes into the header `Authorization: Bearer`, or into the frame `hello`.' }),
  role: Type.Enum(['viewer', 'operator']),
  userId: Type.Optional(Type.String()),
  expiresAt: Type.String({ format: 'date-time' }),
})

const operator = 'operator'

export const sessionsRoutes = fp(
  async (app) => {
    const schema = { tags: ['sessions'], summary: 'Sign in, in the demo', body: NewSession, response: { 201: Session } }
    app
      .withTypeProvider<TypeBoxTypeProvider>()
      .post('/v1/sessions', { schema, config: { access: ['anyone'] } }, async ({ body }, reply) => {
        const [role, subject] = 'userId' in body ? (['viewer', body.userId] as const) : ([operator, operator] as const)
        const { token, expiresAt } = await app.openSession(role, subject)
        return reply.code(201).send({ token, role, ...body, expiresAt: expiresAt.toISOString() })
      })
  },
  { name: 'sessions', dependencies: ['auth'] },
)

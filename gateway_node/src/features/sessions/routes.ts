// The demo's sign-in: a short-lived token for whomever one chooses to be. A gateway that isn't a demo has no such route.
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import fp from 'fastify-plugin'
import { NewSession, Session } from './schemas.ts'

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

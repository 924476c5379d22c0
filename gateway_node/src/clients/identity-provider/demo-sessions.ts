// Signs and verifies the tokens of the demo, where anybody may sign in as anybody.
import { createPublicKey } from 'node:crypto'
import { SignJWT } from 'jose'
import { openDemoKey } from './demo-key.ts'
import type { Role, Verify } from './identity.ts'
import { createVerify } from './verifier.ts'

const algorithm = 'EdDSA'
const issuer = 'whynotboth-demo'
const audience = 'whynotboth'
const roleClaim = 'role'
/** The longest session that can be set. Gateways with one key accept each other's tokens, whatever session each has set. */
const maxSeconds = 86_400

export type Session = { token: string; expiresAt: Date }
export type OpenSession = (role: Role, subject: string) => Promise<Session>

export type DemoSettings = { keyFile: string; sessionSeconds: number }

export function createDemoSessions({ keyFile, sessionSeconds }: DemoSettings): { open: OpenSession; verify: Verify } {
  const privateKey = openDemoKey(keyFile)
  const publicKey = createPublicKey(privateKey)
  const rules = {
    issuer,
    audience,
    algorithms: [algorithm],
    roleClaim,
    clockToleranceSeconds: 0,
    maxSeconds,
  }
  const open: OpenSession = async (role, subject) => {
    const issuedAt = Math.floor(Date.now() / 1000)
    const token = await new SignJWT({ [roleClaim]: role })
      .setProtectedHeader({ alg: algorithm, typ: 'JWT' })
      .setIssuer(issuer)
      .setAudience(audience)
      .setSubject(subject)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + sessionSeconds)
      .sign(privateKey)
    return { token, expiresAt: new Date((issuedAt + sessionSeconds) * 1000) }
  }
  return { open, verify: createVerify({ find: () => publicKey, trustedUntil: () => Number.POSITIVE_INFINITY }, rules) }
}

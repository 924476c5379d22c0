// Verifies the tokens of an OpenID provider.
import type { Verify } from './identity.ts'
import { createProviderKeys } from './provider-keys.ts'
import { createVerify } from './verifier.ts'

const algorithms = ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA', 'Ed25519']
const clockToleranceSeconds = 5

export type ProviderSettings = { jwksUrl: URL; issuer: string; audience: string; roleClaim: string; maxSeconds: number }

export function createProviderVerify({ jwksUrl, ...rules }: ProviderSettings): Verify {
  return createVerify(createProviderKeys(jwksUrl), { ...rules, algorithms, clockToleranceSeconds })
}

// A fake OpenID provider: it serves keys over HTTP and signs tokens.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'

export const issuer = 'https://id.example/'
export const audience = 'gateway'

type Pair = Awaited<ReturnType<typeof generateKeyPair>>
type Header = { alg?: string; kid?: string; [name: string]: unknown }

export class IdentityProvider {
  url = new URL('http://127.0.0.1')
  fetches = 0
  isDown = false
  readonly #pairs = new Map<string, Pair>()
  readonly #alg: string

  private constructor(alg: string) {
    this.#alg = alg
  }

  static async start(t: TestContext, alg = 'ES256'): Promise<IdentityProvider> {
    const provider = new IdentityProvider(alg)
    await provider.addKey('first')
    const server = createServer(async (_request, response) => {
      provider.fetches += 1
      response.statusCode = provider.isDown ? 500 : 200
      response.end(JSON.stringify(await provider.#keys()))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.after(() => server.close())
    provider.url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`)
    return provider
  }

  async addKey(kid: string): Promise<void> {
    this.#pairs.set(kid, await generateKeyPair(this.#alg, { extractable: true }))
  }

  dropKey(kid: string): void {
    this.#pairs.delete(kid)
  }

  publicKey(kid = 'first') {
    return this.#pair(kid).publicKey
  }

  /** Sign a valid token with the given changes. A claim of undefined is left out. */
  async sign(claims: JWTPayload = {}, header: Header = {}): Promise<string> {
    const kid = header.kid ?? 'first'
    const now = Math.floor(Date.now() / 1000)
    const good = { iss: issuer, aud: audience, sub: '196', iat: now, exp: now + 60 }
    return new SignJWT({ ...good, ...claims })
      .setProtectedHeader({ alg: this.#alg, ...header, kid })
      .sign(this.#pair(kid).privateKey)
  }

  async #keys() {
    const keys = [...this.#pairs].map(async ([kid, { publicKey }]) => ({ ...(await exportJWK(publicKey)), kid }))
    return { keys: await Promise.all(keys) }
  }

  #pair(kid: string): Pair {
    return this.#pairs.get(kid) as Pair
  }
}

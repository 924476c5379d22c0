// Who the gateway is to its neighbours, and whose word on them it takes: three PEM files that may be replaced while it runs.
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import type { BaseLogger } from 'pino'

/** The names that Kubernetes and cert-manager give them in a secret. */
const names = { ca: 'ca.crt', cert: 'tls.crt', key: 'tls.key' } as const

/** Throws an error that names the file that can't be used. */
export function openCertificates(folder: string) {
  const paths = { ca: join(folder, names.ca), cert: join(folder, names.cert), key: join(folder, names.key) }
  // Who copies these options copies no content: what is renewed here is so there, too.
  const options = { ca: [''], cert: [''], key: [''] }

  function reload() {
    const [ca, cert, key] = [read(paths.ca), read(paths.cert), read(paths.key)]
    requireUsable(() => new X509Certificate(ca), `${paths.ca} holds no certificate of an authority`)
    const pair = { cert, key }
    requireUsable(() => createSecureContext(pair), `${paths.cert} and ${paths.key} aren't a certificate and its key`)
    options.ca[0] = ca
    options.cert[0] = cert
    options.key[0] = key
  }

  reload()
  return {
    paths,
    options,
    /** Keeps what it has where the files can't be used. */
    renew(logger: Pick<BaseLogger, 'error'>) {
      try {
        reload()
      } catch (error) {
        logger.error({ err: error }, 'certificate not renewed')
      }
    },
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new Error(`TLS_DIR: ${path} can't be read`, { cause })
  }
}

function requireUsable(parse: () => unknown, problem: string) {
  try {
    parse()
  } catch (cause) {
    throw new Error(`TLS_DIR: ${problem}`, { cause })
  }
}

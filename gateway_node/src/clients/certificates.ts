// The gateway's certificate and key, and the authority whose certificates it trusts: three PEM files that may be replaced while it runs.
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import type { BaseLogger } from 'pino'

/** The file names that Kubernetes and cert-manager use in a secret. */
const names = { ca: 'ca.crt', cert: 'tls.crt', key: 'tls.key' } as const

/** Read the three files of a folder. Throws an error that names the file that can't be used. */
export function openCertificates(folder: string) {
  const paths = { ca: join(folder, names.ca), cert: join(folder, names.cert), key: join(folder, names.key) }
  // Arrays, so that a copy of these options shares their contents: a reload reaches the copies, too.
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
    /** Read the files again. If one can't be used, log the error and keep the earlier contents. */
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

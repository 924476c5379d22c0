// The demo's key pair: made at the first start, shared by all gateways with the same file, and readable only by their user.
import { createPrivateKey, generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

const readableByOthers = 0o077

/** Return the private key. Make it if the file doesn't exist. */
export function openDemoKey(file: string): KeyObject {
  try {
    return readKey(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  makeKey(file)
  return readKey(file)
}

function readKey(file: string): KeyObject {
  if ((statSync(file).mode & readableByOthers) !== 0)
    throw new Error(
      `Others may read the key ${file}. Delete it, so that the gateway makes a new one, or run chmod 600 on it.`,
    )
  return createPrivateKey(readFileSync(file))
}

/** Make the key file. If several gateways start at once, all use the key of the first that links its file. */
function makeKey(file: string): void {
  const { privateKey } = generateKeyPairSync('ed25519')
  const draft = `${file}.${randomUUID()}`
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  writeFileSync(draft, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flag: 'wx' })
  try {
    linkSync(draft, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    unlinkSync(draft)
  }
}

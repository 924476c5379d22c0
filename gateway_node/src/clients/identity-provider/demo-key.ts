// The demo's own key pair: made at the first start, shared by all gateways that are given the same file, and readable by their user alone.
import { createPrivateKey, generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

const readableByOthers = 0o077

/** Reads the private key; makes it where there is none. */
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
    throw new Error(`Others may read the key ${file}. Remove it, so that a new one is made, or run chmod 600 on it.`)
  return createPrivateKey(readFileSync(file))
}

/** Of several gateways that start at once, the first to link its file has made the key of all. */
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

import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openDemoKey } from '../../../src/clients/identity-provider/demo-key.ts'
import { createDemoSessions } from '../../../src/clients/identity-provider/demo-sessions.ts'

function newFile(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'demo-key-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return join(folder, 'keys', 'demo.pem')
}

test('the key is made once, readable only by its user, and no other file stays', (t) => {
  const file = newFile(t)

  const made = openDemoKey(file)
  const read = openDemoKey(file)

  assert.ok(made.equals(read))
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.deepEqual(readdirSync(join(file, '..')), ['demo.pem'])
})

test('a key that others may read is refused', (t) => {
  const file = newFile(t)
  openDemoKey(file)
  chmodSync(file, 0o644)

  assert.throws(() => openDemoKey(file), /Others may read the key/)
})

test("gateways with the same key accept each other's sessions", async (t) => {
  const settings = { keyFile: newFile(t), sessionSeconds: 60 }
  const [here, there] = [createDemoSessions(settings), createDemoSessions(settings)]

  const { token } = await here.open('operator', 'operator')

  assert.equal((await there.verify(token)).role, 'operator')
})

test('a gateway with another key refuses these sessions', async (t) => {
  const [here, there] = [newFile(t), newFile(t)].map((keyFile) => createDemoSessions({ keyFile, sessionSeconds: 60 }))

  const session = await here?.open('viewer', '196')

  await assert.rejects(async () => there?.verify(session?.token ?? ''), { reason: 'TOKEN_INVALID' })
})

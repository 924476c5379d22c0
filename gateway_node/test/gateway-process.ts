// Starts the gateway as a process, without broker and recommender, and reads its log.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { demo } from './sign-in.ts'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
export const nowhere = {
  ...demo,
  AMQP_URL: 'amqp://127.0.0.1:1/',
  GATEWAY_RECOMMENDER_ADDRESS: '127.0.0.1:1',
  GATEWAY_PORT: '0',
}

type Line = { msg: string; level: number; text: string; err?: { message: string } }

/** Start the gateway. `lines` are its log lines, parsed; `text` is the line as written. */
export function start(t: TestContext, environment: Record<string, string>) {
  const child = spawn(process.execPath, [main], { env: environment, stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  const lines: Line[] = []
  const reading = createInterface({ input: child.stdout })
  reading.on('line', (line) => lines.push({ ...JSON.parse(line), text: line }))
  const exited = once(reading, 'close').then(() => exitOf(child))
  const said = (text: string) => t.waitFor(() => findLine(lines, text), { timeout: 20_000, interval: 20 })
  return { child, lines, exited, said }
}

async function exitOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return child.exitCode
}

export function findLine(lines: Line[], text: string): Line {
  const line = lines.find(({ msg }) => msg.includes(text))
  assert.ok(line, text)
  return line
}

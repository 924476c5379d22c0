// A RabbitMQ for tests: the one of AMQP_URL, or a node of the installed server in a temporary folder.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'amqplib'

const server = '/usr/lib/rabbitmq/bin/rabbitmq-server'
const startTimeoutMs = 60_000

/** Why no RabbitMQ can be started; null if one can. */
export const whyNoRabbitMq =
  process.env.AMQP_URL || existsSync(server) ? null : 'neither AMQP_URL nor a rabbitmq-server'

export type RabbitMq = { host: string; port: number; stop: () => Promise<void> }

export async function startRabbitMq(): Promise<RabbitMq> {
  if (process.env.AMQP_URL) {
    const { hostname, port } = new URL(process.env.AMQP_URL)
    return { host: hostname, port: Number(port || 5672), stop: async () => {} }
  }
  const folder = await mkdtemp(join(tmpdir(), 'rabbitmq-'))
  const [port, distributionPort, epmdPort] = [await freePort(), await freePort(), await freePort()]
  await writeConfiguration(folder)
  const epmd = spawn('epmd', ['-port', String(epmdPort), '-address', '127.0.0.1'], { stdio: 'ignore' })
  const node = spawn(server, { env: environment(folder, port, distributionPort, epmdPort), stdio: 'ignore' })
  await untilItAnswers(port)
  const stop = async () => {
    for (const child of [node, epmd]) {
      child.kill()
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    }
    await rm(folder, { recursive: true, force: true })
  }
  return { host: '127.0.0.1', port, stop }
}

async function writeConfiguration(folder: string) {
  await mkdir(join(folder, 'home'))
  await writeFile(join(folder, 'plugins'), '[].')
  await writeFile(join(folder, 'rabbitmq.conf'), 'log.console = false\n')
}

function environment(folder: string, port: number, distributionPort: number, epmdPort: number) {
  return {
    PATH: process.env.PATH,
    HOME: join(folder, 'home'),
    RABBITMQ_NODENAME: 'gateway-test@localhost',
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_DIST_PORT: String(distributionPort),
    ERL_EPMD_PORT: String(epmdPort),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
    RABBITMQ_MNESIA_BASE: join(folder, 'data'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'plugins'),
    RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq'),
    RABBITMQ_CONF_ENV_FILE: '/dev/null',
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}

async function untilItAnswers(port: number) {
  const recovery = { initialDelay: 100, maxDelay: 500 }
  const signal = AbortSignal.timeout(startTimeoutMs)
  const connecting = connect(`amqp://guest:guest@127.0.0.1:${port}/`, { recovery })
  const late = once(signal, 'abort').then(() => {
    throw new Error(`No answer of RabbitMQ within ${startTimeoutMs} ms.`)
  })
  const connection = await Promise.race([connecting, late])
  await connection.close()
}

// The process: reads the configuration, listens, and stops on a signal. app.ts composes the gateway.
import { setTimeout } from 'node:timers/promises'
import closeWithGrace from 'close-with-grace'
import { pino } from 'pino'
import { buildApp } from './app.ts'
import { type Config, readConfig, withoutSecrets } from './config.ts'

async function run(config: Config) {
  const app = await buildApp(config)
  app.log.info({ config: withoutSecrets(config) }, 'gateway starts')
  const onTimeout = () =>
    app.log.error({ open: process.getActiveResourcesInfo() }, 'gateway stopped before everything was closed')
  const onSecondSignal = (signal: string) => app.log.error({ signal }, 'gateway stopped by a second signal')
  closeWithGrace({ delay: config.shutdownMs, logger: app.log, onTimeout, onSecondSignal }, async ({ signal, err }) => {
    if (err) app.log.error({ err }, 'gateway stops after a bug')
    else app.log.info({ signal }, 'gateway stops')
    app.drain()
    await setTimeout(config.drainMs)
    await app.close()
  })
  await app.listen({ host: config.host, port: config.port }).catch((error) => {
    if (error.code !== 'EADDRINUSE') throw error
    throw new Error(`Port ${config.port} is taken. Set GATEWAY_PORT to a free port.`, { cause: error })
  })
}

try {
  await run(readConfig())
} catch (error) {
  pino().fatal({ err: error }, 'gateway could not start')
  process.exit(1)
}

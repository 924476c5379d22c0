// Gives the broker a lifetime: connects (or takes the given one), opens the two logs when the app is ready, closes what it opened.
import fp from 'fastify-plugin'
import { Counter } from 'prom-client'
import type { Broker, Log } from '../broker/broker.ts'
import { connectBroker } from '../broker/connection.ts'
import { shareLog } from '../broker/log.ts'
import type { ObservePublication } from '../broker/publisher.ts'

/** For as long as an Idempotency-Key is known. */
const interactionsWindowMs = 24 * 60 * 60 * 1000

export const brokerPlugin = fp<{ broker?: Broker | undefined }>(
  async (app, options) => {
    const published = new Counter({
      name: 'gateway_broker_publications_total',
      help: 'Messages handed to the broker, by what became of them.',
      labelNames: ['type', 'outcome'],
      registers: [app.metrics],
    })
    const observe: ObservePublication = (type, outcome) => published.inc({ type, outcome })
    const broker = options.broker ?? connectBroker(app.config, app.log, observe)
    const interactionsLog = shareLog(broker, 'interactions', { timestamp: new Date(Date.now() - interactionsWindowMs) })
    const jobsLog = shareLog(broker, 'job-events', 'first')
    app.decorate('broker', broker)
    app.decorate('interactionsLog', interactionsLog)
    app.decorate('jobsLog', jobsLog)

    app.addHook('onReady', async () => {
      interactionsLog.open()
      jobsLog.open()
    })
    app.addHook('onClose', async () => {
      await Promise.all([interactionsLog.close(), jobsLog.close()])
      await broker.close()
    })
  },
  { name: 'broker', dependencies: ['telemetry'] },
)

declare module 'fastify' {
  interface FastifyInstance {
    broker: Broker
    interactionsLog: Log
    jobsLog: Log
  }
}

// Gives the broker a lifetime: connects (or takes the given one), opens the two logs when the app is ready, closes what it opened.
import fp from 'fastify-plugin'
import { Counter, Gauge, type Registry } from 'prom-client'
import type { Broker, Log } from '../clients/broker/broker.ts'
import { connectBroker } from '../clients/broker/connection.ts'
import { shareLog } from '../clients/broker/log.ts'
import type { ObservePublication } from '../clients/broker/publisher.ts'
import { measureReaders } from '../http/reader-metrics.ts'

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
    gaugeUnconfirmed(app.metrics, broker)
    const interactionsLog = shareLog(broker, 'interactions', { timestamp: new Date(Date.now() - interactionsWindowMs) })
    const jobsLog = shareLog(broker, 'job-events', 'first')
    measureReaders(app.metrics, { interactions: interactionsLog, 'job-events': jobsLog })
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

function gaugeUnconfirmed(registry: Registry, broker: Broker) {
  new Gauge({
    name: 'gateway_broker_unconfirmed_publications',
    help: 'Messages that this gateway still holds, as the broker has neither confirmed nor refused them.',
    registers: [registry],
    collect() {
      this.set(broker.unconfirmed)
    },
  })
}

declare module 'fastify' {
  interface FastifyInstance {
    broker: Broker
    interactionsLog: Log
    jobsLog: Log
  }
}

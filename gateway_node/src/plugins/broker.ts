// Gives the broker a lifetime: connects (or takes the given one), opens the two streams when the app is ready, closes what it opened.
import fp from 'fastify-plugin'
import { Counter, Gauge, type Registry } from 'prom-client'
import type { Broker, LogHandlers, LogReader } from '../clients/broker/broker.ts'
import { connectBroker } from '../clients/broker/connection.ts'
import { shareLog } from '../clients/broker/log.ts'
import type { ObservePublication } from '../clients/broker/publisher.ts'
import { measureReaders } from '../http/reader-metrics.ts'

/** Who is called for each message of a stream, in this order. */
export type StreamFollowers = Record<'interactions' | 'job-events', readonly LogHandlers[]>

/** As long as an Idempotency-Key of an interaction is known. */
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
    const countRestarts = measureReaders(app.metrics, { interactions: interactionsLog, 'job-events': jobsLog })
    app.decorate('broker', broker)
    app.decorate('interactionsLog', interactionsLog)
    app.decorate('jobsLog', jobsLog)

    app.decorate('followStreams', (followers: StreamFollowers) => {
      app.addHook('onReady', async () => {
        interactionsLog.open([countRestarts('interactions'), ...followers.interactions])
        jobsLog.open([countRestarts('job-events'), ...followers['job-events']])
      })
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
    interactionsLog: LogReader
    jobsLog: LogReader
    /** Called once, in app.ts. Both streams are read from when the app is ready. */
    followStreams: (followers: StreamFollowers) => void
  }
}

// The broker's lifetime: connect, or take the given client; read the two streams when the app is ready; close both at the end.
import fp from 'fastify-plugin'
import { Counter, Gauge, type Registry } from 'prom-client'
import type { Broker, LogHandlers, LogReader } from '../clients/broker/broker.ts'
import { connectBroker } from '../clients/broker/connection.ts'
import type { ObservePublication } from '../clients/broker/publisher.ts'
import { measureReaders } from '../http/reader-metrics.ts'

/** The followers of each stream. Each message goes to them in this order. */
export type StreamFollowers = Record<'interactions' | 'job-events', readonly LogHandlers[]>

/** How long the gateway knows the Idempotency-Key of an interaction. */
const interactionsWindowMs = 24 * 60 * 60 * 1000

export const brokerPlugin = fp<{ broker?: Broker | undefined }>(
  async (app, options) => {
    const published = new Counter({
      name: 'gateway_broker_publications_total',
      help: 'Messages sent to the broker, by their outcome.',
      labelNames: ['type', 'outcome'],
      registers: [app.metrics],
    })
    const observe: ObservePublication = (type, outcome) => published.inc({ type, outcome })
    const broker = options.broker ?? connectBroker(app.config, app.log, observe)
    gaugeUnconfirmed(app.metrics, broker)
    const interactionsLog = broker.readStream('interactions', {
      timestamp: new Date(Date.now() - interactionsWindowMs),
    })
    const jobsLog = broker.readStream('job-events', 'first')
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
    help: 'Messages that the broker has neither confirmed nor refused yet.',
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
    /** Call it once, in app.ts. The readers start when the app is ready. */
    followStreams: (followers: StreamFollowers) => void
  }
}

// Prometheus metrics of the stream readers. /v1/stats and /readyz show the same to people.
import { Counter, Gauge, type Registry } from 'prom-client'
import type { LogHandlers, LogReader } from '../clients/broker/broker.ts'

const labelNames = ['stream']

/** `logs` holds the readers by stream. Return a function that makes the follower of a stream that counts the reader's restarts. */
export function measureReaders(registry: Registry, logs: Record<string, LogReader>) {
  gauge(registry, logs, 'attached', 'Whether the reader is attached: 1 or 0.', (log) => Number(log.isAttached))
  gauge(registry, logs, 'offset', 'The last offset that was read; -1 before the first.', (log) => log.lastOffset ?? -1)
  const restarts = new Counter({
    name: 'gateway_log_reader_restarts_total',
    help: 'How often the stream no longer held the last message that was read.',
    labelNames,
    registers: [registry],
  })
  for (const stream of Object.keys(logs)) restarts.inc({ stream }, 0)
  return (stream: string): LogHandlers => ({ onMessage: () => {}, onRestart: () => restarts.inc({ stream }) })
}

function gauge(
  registry: Registry,
  logs: Record<string, LogReader>,
  noun: string,
  help: string,
  measure: (log: LogReader) => number,
) {
  new Gauge({
    name: `gateway_log_reader_${noun}`,
    help,
    labelNames,
    registers: [registry],
    collect() {
      for (const [stream, log] of Object.entries(logs)) this.set({ stream }, measure(log))
    },
  })
}

// How far the readers of the log are, for Prometheus. /v1/stats and /readyz say the same for people.
import { Counter, Gauge, type Registry } from 'prom-client'
import type { LogHandlers, LogReader } from '../clients/broker/broker.ts'

const labelNames = ['stream']

/** `logs` by the names of their streams. Return a function that makes a stream's follower, which counts its restarts. */
export function measureReaders(registry: Registry, logs: Record<string, LogReader>) {
  gauge(registry, logs, 'attached', 'Whether it reads now: 1 or 0.', (log) => Number(log.isAttached))
  gauge(registry, logs, 'offset', 'Last offset handed on; -1 before the first.', (log) => log.lastOffset ?? -1)
  const restarts = new Counter({
    name: 'gateway_log_reader_restarts_total',
    help: 'How often the log lacked what was read last.',
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

// One reader of a stream that many can listen to. It opens when everybody has subscribed, so nobody misses the beginning.
import { notifyAll } from '../listeners.ts'
import type { Broker, Log, LogHandlers, LogReader, LogStart } from './broker.ts'

export type SharedLog = Log & { open(): void }

export function shareLog(broker: Broker, name: string, from: LogStart): SharedLog {
  const listeners = new Set<LogHandlers>()
  let reader: LogReader | undefined

  const all: LogHandlers = {
    onMessage: (message) => notifyAll(listeners, (listener) => listener.onMessage(message)),
    onRestart: () => notifyAll(listeners, (listener) => listener.onRestart?.()),
    onDetached: () => notifyAll(listeners, (listener) => listener.onDetached?.()),
  }

  return {
    get isAttached() {
      return reader?.isAttached ?? false
    },
    get isCaughtUp() {
      return reader?.isCaughtUp ?? false
    },
    get lastOffset() {
      return reader?.lastOffset ?? null
    },
    hasReadToEnd: async () => reader?.hasReadToEnd() ?? false,
    waitFor: async (messageId, withinMs) => (reader ? reader.waitFor(messageId, withinMs) : null),
    subscribe: (handlers) => {
      listeners.add(handlers)
      return () => listeners.delete(handlers)
    },
    open: () => {
      reader ??= broker.readStream(name, from, all)
    },
    close: async () => {
      await reader?.close()
    },
  }
}

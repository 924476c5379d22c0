// One reader of a stream that many can listen to. It opens when everybody has subscribed, so nobody misses the beginning.
import type { Broker, Log, LogHandlers, LogReader, LogStart } from './broker.ts'

export type SharedLog = Log & { open(): void }

export function shareLog(broker: Broker, name: string, from: LogStart): SharedLog {
  const listeners = new Set<LogHandlers>()
  let reader: LogReader | undefined

  const tellAll: LogHandlers = {
    onMessage: (message) => {
      for (const listener of listeners) listener.onMessage(message)
    },
    onRestart: () => {
      for (const listener of listeners) listener.onRestart?.()
    },
    onDetached: () => {
      for (const listener of listeners) listener.onDetached?.()
    },
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
      reader ??= broker.readStream(name, from, tellAll)
    },
    close: async () => {
      await reader?.close()
    },
  }
}

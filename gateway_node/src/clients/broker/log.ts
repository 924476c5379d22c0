// One reader of a stream with many followers. Its list of followers is complete when it opens, so none misses the beginning.
import { notifyAll } from '../listeners.ts'
import type { Broker, LogHandlers, LogReader, LogStart } from './broker.ts'

export type SharedLog = LogReader & {
  /** Start to read. Each event goes to the followers in their order. */
  open(followers: readonly LogHandlers[]): void
}

export function shareLog(broker: Pick<Broker, 'readStream'>, name: string, from: LogStart): SharedLog {
  let reader: LogReader | undefined

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
    open: (followers) => {
      reader = broker.readStream(name, from, {
        onMessage: (message) => notifyAll(followers, (follower) => follower.onMessage(message)),
        onRestart: () => notifyAll(followers, (follower) => follower.onRestart?.()),
        onDetached: () => notifyAll(followers, (follower) => follower.onDetached?.()),
      })
    },
    close: async () => {
      await reader?.close()
    },
  }
}

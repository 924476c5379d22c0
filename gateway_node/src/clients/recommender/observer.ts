// Tells how long each gRPC call took and how it ended, whatever its method.
import { InterceptingCall, type Interceptor, status } from '@grpc/grpc-js'

export type Observe = (method: string, outcome: string, seconds: number) => void

export function observing(observe: Observe): Interceptor {
  return (options, nextCall) => {
    const startedAt = performance.now()
    return new InterceptingCall(nextCall(options), {
      start(metadata, _listener, next) {
        next(metadata, {
          onReceiveStatus(received, pass) {
            const method = options.method_definition.path
            observe(method, status[received.code] ?? 'UNKNOWN', (performance.now() - startedAt) / 1000)
            pass(received)
          },
        })
      },
    })
  }
}

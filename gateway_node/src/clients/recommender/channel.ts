// The gRPC channel: its options, and one function that calls a method with a deadline and the caller's ids.
import {
  type CallOptions,
  Channel,
  type ClientUnaryCall,
  credentials,
  experimental,
  InterceptingCall,
  type Interceptor,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js'
import { DecisionServiceClient } from '../../gen/whynotboth/v1/decisions.ts'
import { JobServiceClient } from '../../gen/whynotboth/v1/jobs.ts'
import { ModelServiceClient, RecommenderServiceClient } from '../../gen/whynotboth/v1/recommender.ts'
import { openCertificates } from '../certificates.ts'
import { keepDrainingCalls } from './draining-pings.ts'
import type { Call } from './recommender.ts'
import { toAppError } from './status-map.ts'

keepDrainingCalls()

const serviceConfig = {
  loadBalancingConfig: [{ round_robin: {} }],
  methodConfig: [
    {
      // All methods of these services only read, so another replica may be asked again.
      name: [{ service: 'whynotboth.v1.RecommenderService' }, { service: 'whynotboth.v1.DecisionService' }],
      retryPolicy: {
        maxAttempts: 3,
        initialBackoff: '0.02s',
        maxBackoff: '0.1s',
        backoffMultiplier: 2,
        retryableStatusCodes: ['UNAVAILABLE', 'CANCELLED'],
      },
    },
  ],
  // The retry budget: a failed attempt costs one token, a success earns a tenth of one, and retries stop at half of the tokens. So retries add at
  // most a tenth to the load.
  retryThrottling: { maxTokens: 20, tokenRatio: 0.1 },
}

/** Exported for tests/contract/test_keepalive.py, which compares them with the options of the recommender. */
export const channelOptions = {
  // The recommender is in the same network: a proxy of the environment is meant for addresses outside.
  'grpc.enable_http_proxy': 0,
  'grpc.service_config': JSON.stringify(serviceConfig),
  // A recommender that is frozen or cut off closes no connection. The channel gives it up after three seconds without an answered ping.
  'grpc.keepalive_time_ms': 1000,
  'grpc.keepalive_timeout_ms': 2000,
  'grpc.keepalive_permit_without_calls': 1,
  // The channel resolves the name again when a connection ends. By default it waits 30 s between two look-ups, so new recommenders would stay unknown.
  'grpc.dns_min_time_between_resolutions_ms': 1000,
  'grpc.service_config_disable_resolution': 1,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 2000,
  // A full batch is 256 answers of 100 items.
  'grpc.max_receive_message_length': 64 * 1024 * 1024,
}

export type Method<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: Response) => void,
) => ClientUnaryCall

/** Receives the method, the status and the duration of each call. */
export type Observe = (method: string, outcome: string, seconds: number) => void

export type RecommenderChannel = ReturnType<typeof openChannel>

/** How often the channel reads the certificate files again. Its next connection uses the new ones. */
const certificatesRefreshMs = 1000

export function openChannel(address: string, observe: Observe, tlsDir = '') {
  const target = /^[a-z][a-z\d]*:/i.test(address) && !/^[^:]+:\d+$/.test(address) ? address : `dns:///${address}`
  const channel = new Channel(target, tlsDir ? mutualTls(tlsDir) : credentials.createInsecure(), channelOptions)
  const shared = { channelOverride: channel, interceptors: [observeCalls(observe)] }
  return {
    channel,
    recommender: new RecommenderServiceClient(target, credentials.createInsecure(), shared),
    models: new ModelServiceClient(target, credentials.createInsecure(), shared),
    decisions: new DecisionServiceClient(target, credentials.createInsecure(), shared),
    jobs: new JobServiceClient(target, credentials.createInsecure(), shared),
  }
}

function mutualTls(tlsDir: string) {
  const { paths } = openCertificates(tlsDir)
  const provider = new experimental.FileWatcherCertificateProvider({
    caCertificateFile: paths.ca,
    certificateFile: paths.cert,
    privateKeyFile: paths.key,
    refreshIntervalMs: certificatesRefreshMs,
  })
  return experimental.createCertificateProviderChannelCredentials(provider, provider)
}

function observeCalls(observe: Observe): Interceptor {
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

export function toMetadata(call: Call): Metadata {
  const metadata = new Metadata()
  metadata.set('x-request-id', call.requestId)
  metadata.set('traceparent', call.traceparent)
  return metadata
}

/** Call a unary method once. Rejects with an AppError. */
export function callUnary<Request, Response>(method: Method<Request, Response>, request: Request, call: Call) {
  return new Promise<Response>((resolve, reject) => {
    const options = { deadline: Date.now() + call.expiresAt - performance.now() }
    method(request, toMetadata(call), options, (error, response) => {
      if (error) reject(toAppError(error))
      else resolve(response)
    })
  })
}

// The gRPC channel: its options, and one way to call a method, with a deadline and the caller's ids on each call.
import {
  type CallOptions,
  Channel,
  type ClientUnaryCall,
  credentials,
  experimental,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js'
import { JobServiceClient } from '../../gen/whynotboth/v1/jobs.ts'
import { ModelServiceClient, RecommenderServiceClient } from '../../gen/whynotboth/v1/recommender.ts'
import { openCertificates } from '../certificates.ts'
import { spareDrainingCalls } from './draining-pings.ts'
import { type Observe, observing } from './observer.ts'
import type { Call } from './recommender.ts'
import { toAppError } from './status-map.ts'

spareDrainingCalls()

const serviceConfig = {
  loadBalancingConfig: [{ round_robin: {} }],
  methodConfig: [
    {
      // Its methods only read, so what one replica left unanswered another may be asked.
      name: [{ service: 'whynotboth.v1.RecommenderService' }],
      retryPolicy: {
        maxAttempts: 3,
        initialBackoff: '0.02s',
        maxBackoff: '0.1s',
        backoffMultiplier: 2,
        retryableStatusCodes: ['UNAVAILABLE', 'CANCELLED'],
      },
    },
  ],
  // A failed attempt costs one token, a success earns a tenth back, and half a purse ends the retries: they add a tenth to the load at most.
  retryThrottling: { maxTokens: 20, tokenRatio: 0.1 },
}

export const channelOptions = {
  // The recommender is one of our own parts: a proxy of the environment is for what really goes out.
  'grpc.enable_http_proxy': 0,
  'grpc.service_config': JSON.stringify(serviceConfig),
  // A recommender that is frozen or cut off closes nothing: three seconds without a sign of life and it is asked no more.
  'grpc.keepalive_time_ms': 1000,
  'grpc.keepalive_timeout_ms': 2000,
  'grpc.keepalive_permit_without_calls': 1,
  // When a connection ends its name is looked up again; by default at most every 30 s, and until then new recommenders aren't known.
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

export type RecommenderChannel = ReturnType<typeof openChannel>

/** What the files hold is read anew so often, and used by the next connection. */
const certificatesRefreshMs = 1000

export function openChannel(address: string, observe: Observe, tlsDir = '') {
  const target = /^[a-z][a-z\d]*:/i.test(address) && !/^[^:]+:\d+$/.test(address) ? address : `dns:///${address}`
  const channel = new Channel(target, tlsDir ? mutualTls(tlsDir) : credentials.createInsecure(), channelOptions)
  const shared = { channelOverride: channel, interceptors: [observing(observe)] }
  return {
    channel,
    recommender: new RecommenderServiceClient(target, credentials.createInsecure(), shared),
    models: new ModelServiceClient(target, credentials.createInsecure(), shared),
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

export function toMetadata(call: Call): Metadata {
  const metadata = new Metadata()
  metadata.set('x-request-id', call.requestId)
  metadata.set('traceparent', call.traceparent)
  return metadata
}

/** Calls a unary method once. Rejects with an AppError. */
export function callUnary<Request, Response>(method: Method<Request, Response>, request: Request, call: Call) {
  return new Promise<Response>((resolve, reject) => {
    const options = { deadline: Date.now() + call.expiresAt - performance.now() }
    method(request, toMetadata(call), options, (error, response) => {
      if (error) reject(toAppError(error))
      else resolve(response)
    })
  })
}

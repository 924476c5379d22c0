// The connection to RabbitMQ. amqplib's recovery reconnects; `setUp` then opens the channels, the topology and the hints again.
import { setTimeout } from 'node:timers/promises'
import type { SecureContextOptions } from 'node:tls'
import { type ChannelModel, connect, type RecoveringChannelModel } from 'amqplib'
import type { BaseLogger } from 'pino'
import { type Config, closingMs } from '../../config.ts'
import { openCertificates } from '../certificates.ts'
import { shield } from '../listeners.ts'
import { batchWrites } from './amqplib-socket.ts'
import type { Broker } from './broker.ts'
import { createFailureLog } from './failures.ts'
import { createHints } from './hints.ts'
import { createPublisher, type ObservePublication } from './publisher.ts'
import { StreamReader } from './stream-reader.ts'
import { declareTopology, findTopology, readDefinitions } from './topology.ts'

/** After two of these without a sign of the broker, the connection counts as lost. */
const heartbeatSeconds = 5
const connectTimeoutMs = 5000
/** A random share of the delay, so that all gateways don't reconnect to a returning broker at once. */
const jitter = 0.5
const recovery = { waitForConnect: false, initialDelay: 100, maxDelay: 2000, jitter }

type BrokerConfig = Pick<Config, 'amqpUrl' | 'brokerDefinitions' | 'confirmTimeoutMs'> &
  Partial<Pick<Config, 'brokerDeclare' | 'tlsDir'>>
type Logger = Pick<BaseLogger, 'info' | 'warn' | 'error'>

/** Return at once. The connection opens as soon as the broker is there. */
export function connectBroker(config: BrokerConfig, logger: Logger, observe: ObservePublication): Broker {
  const definitions = readDefinitions(config.brokerDefinitions)
  const prepareTopology = config.brokerDeclare === false ? findTopology : declareTopology
  const certificates = config.tlsDir ? openCertificates(config.tlsDir) : undefined
  const publisher = createPublisher(
    config.confirmTimeoutMs,
    shield(observe, (error) => logger.error({ err: error }, 'publication not measured')),
  )
  const failures = createFailureLog((failure) => logger.warn(failure, 'broker not reached'))
  const readers = new Set<StreamReader>()
  const hints = createHints(logger)
  let connection: ChannelModel | undefined

  async function setUp(opened: ChannelModel) {
    // amqplib adds its own error listener only after the set-up, and an `error` event without a listener ends the process.
    opened.on('error', (error) => logger.warn({ err: error }, 'broker connection failed'))
    batchWrites(opened)
    const channel = await opened.createConfirmChannel()
    channel.on('error', (error) => logger.warn({ err: error }, 'broker channel failed'))
    await prepareTopology(channel, definitions)
    await hints.listen(opened)
    channel.on('close', () => opened.close().catch(() => {}))
    publisher.use(opened, channel)
  }

  function attach(reader: StreamReader, opened: ChannelModel) {
    reader.attach(opened).catch((error) => {
      logger.warn({ err: error }, 'stream reader could not attach')
      opened.close().catch(() => {})
    })
  }

  const recovering = recover(config.amqpUrl, setUp, certificates?.options)
  const ready = recovering.then((model) => {
    model.on('connect', (opened) => {
      connection = opened
      failures.succeeded()
      logger.info('broker connected')
      for (const reader of readers) attach(reader, opened)
    })
    model.on('disconnect', (error) => {
      connection = undefined
      logger.warn({ err: error }, 'broker disconnected')
      // The next attempt uses the certificate files as they are now.
      certificates?.renew(logger)
    })
    model.on('connect-failed', (error) => {
      failures.failed(error)
      certificates?.renew(logger)
    })
    model.on('blocked', (reason) => logger.warn({ reason }, 'broker blocks publications'))
    model.on('unblocked', () => logger.info('broker takes publications again'))
    model.on('error', () => {})
    return model
  })

  return {
    get isConnected() {
      return connection !== undefined
    },
    get unconfirmed() {
      return publisher.unconfirmed
    },
    publish: publisher.publish,
    readStream: (name, from) =>
      new StreamReader(name, from, logger, (reader) => {
        readers.add(reader)
        if (connection) attach(reader, connection)
      }),
    onHint: hints.onHint,
    close: async () => {
      await publisher.flush()
      const closing = (await ready).close()
      // A broker that doesn't answer doesn't confirm the close either.
      await Promise.race([closing, setTimeout(closingMs, undefined, { ref: false })])
      connection = undefined
    },
  }
}

function recover(
  url: string,
  setup: (opened: ChannelModel) => Promise<void>,
  tls: SecureContextOptions = {},
): Promise<RecoveringChannelModel> {
  const address = new URL(url)
  if (!address.searchParams.has('heartbeat')) address.searchParams.set('heartbeat', String(heartbeatSeconds))
  return connect(address.href, { ...tls, noDelay: true, timeout: connectTimeoutMs, recovery: { ...recovery, setup } })
}

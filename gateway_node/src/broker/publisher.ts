// Publishes with confirms that can't hang: each is settled by the broker, by the end of its channel (amqplib sees to that), or by its timeout.
import type { ConfirmChannel } from 'amqplib'
import { AppError } from '../errors.ts'
import type { Publication } from './broker.ts'
import { toPublishOptions } from './envelope.ts'

/** Above this the broker is too slow for what comes in, and more would only fill the memory. */
const maxUnconfirmed = 5000

export type ObservePublication = (type: string, outcome: 'confirmed' | 'failed') => void

export function createPublisher(confirmTimeoutMs: number, observe: ObservePublication) {
  const returned = new Set<string>()
  let channel: ConfirmChannel | undefined
  let unconfirmed = 0
  let onIdle: (() => void) | undefined

  function use(opened: ConfirmChannel) {
    channel = opened
    opened.on('return', (message) => returned.add(message.properties.messageId))
    opened.on('close', () => {
      if (channel === opened) channel = undefined
    })
  }

  async function publish(publication: Publication): Promise<void> {
    try {
      await send(publication)
      observe(publication.type, 'confirmed')
    } catch (error) {
      observe(publication.type, 'failed')
      throw error
    }
  }

  async function send(publication: Publication): Promise<void> {
    if (!channel) throw unavailable('The broker is not connected.')
    if (unconfirmed >= maxUnconfirmed) throw unavailable('The broker confirms too slowly.')
    unconfirmed += 1
    try {
      await confirm(channel, publication)
    } catch (error) {
      throw error instanceof AppError ? error : unavailable('The broker went away.', error)
    } finally {
      unconfirmed -= 1
      if (unconfirmed === 0) onIdle?.()
    }
  }

  function confirm(open: ConfirmChannel, publication: Publication): Promise<void> {
    const { exchange, routingKey, messageId, body } = publication
    return new Promise((resolve, reject) => {
      const late = () => reject(unavailable(`The broker did not confirm within ${confirmTimeoutMs} ms.`))
      const timer = setTimeout(late, confirmTimeoutMs)
      open.publish(exchange, routingKey, Buffer.from(body), toPublishOptions(publication), (error) => {
        clearTimeout(timer)
        // A message that no queue takes is returned first and confirmed then.
        if (returned.delete(messageId)) reject(unavailable(`No queue takes ${routingKey}.`))
        else if (error) reject(unavailable('The broker refused the message or went away.', error))
        else resolve()
      })
    })
  }

  /** Resolves when nothing waits for a confirm any more. */
  function flush(): Promise<void> {
    if (unconfirmed === 0) return Promise.resolve()
    return new Promise((resolve) => {
      onIdle = resolve
    })
  }

  return { use, publish, flush }
}

function unavailable(detail: string, cause?: unknown) {
  return new AppError('BROKER_UNAVAILABLE', `${detail} Try again, with the same Idempotency-Key.`, {
    cause,
    retryAfterSeconds: 1,
  })
}

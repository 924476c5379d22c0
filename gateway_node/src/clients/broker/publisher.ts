// Publishes with confirms that can't hang: each is settled by the broker, by the end of its channel (amqplib sees to that), or by its timeout.
import type { ChannelModel, ConfirmChannel } from 'amqplib'
import { AppError } from '../../errors.ts'
import type { Publication } from './broker.ts'
import { toPublishOptions } from './envelope.ts'

/** Above this the broker is too slow for what comes in, and more would only fill the memory. */
export const maxUnconfirmed = 5000

export type ObservePublication = (type: string, outcome: 'confirmed' | 'failed') => void

/** What goes over one connection. All of it ends with that connection. */
type Link = {
  channel: ConfirmChannel
  /** Set while the broker is short of memory or disk: it reads nothing from this connection then. */
  isBlocked: boolean
  /** Messages that amqplib still holds. One whose caller gave up waiting is among them, as its frames may still wait to be sent. */
  unconfirmed: number
  /** The ids of messages that no queue took, each as often as it came back. */
  returned: string[]
}

export function createPublisher(confirmTimeoutMs: number, observe: ObservePublication) {
  const waiting = new Set<Promise<void>>()
  let link: Link | undefined

  function use(connection: ChannelModel, channel: ConfirmChannel) {
    const opened: Link = { channel, isBlocked: false, unconfirmed: 0, returned: [] }
    connection.on('blocked', () => {
      opened.isBlocked = true
    })
    connection.on('unblocked', () => {
      opened.isBlocked = false
    })
    channel.on('return', ({ properties }) => opened.returned.push(properties.messageId))
    channel.on('close', () => {
      if (link === opened) link = undefined
    })
    link = opened
  }

  async function publish(publication: Publication): Promise<void> {
    const sending = send(publication)
    waiting.add(sending)
    try {
      await sending
      observe(publication.type, 'confirmed')
    } catch (error) {
      observe(publication.type, 'failed')
      throw error instanceof AppError ? error : unavailable('The broker went away.', error)
    } finally {
      waiting.delete(sending)
    }
  }

  async function send(publication: Publication): Promise<void> {
    if (!link) throw unavailable('The broker is not connected.')
    if (link.isBlocked) throw unavailable('The broker is short of memory or disk and takes nothing.')
    if (link.unconfirmed >= maxUnconfirmed) throw unavailable('The broker confirms too slowly.')
    await confirm(link, publication)
  }

  function confirm(open: Link, publication: Publication): Promise<void> {
    const { exchange, routingKey, messageId, body } = publication
    return new Promise((resolve, reject) => {
      const late = () => reject(unavailable(`The broker did not confirm within ${confirmTimeoutMs} ms.`))
      const timer = setTimeout(late, confirmTimeoutMs)
      open.channel.publish(exchange, routingKey, Buffer.from(body), toPublishOptions(publication), (error) => {
        clearTimeout(timer)
        open.unconfirmed -= 1
        // A message that no queue takes is returned first and confirmed then.
        if (takeOne(open.returned, messageId)) reject(unavailable(`No queue takes ${routingKey}.`))
        else if (error) reject(unavailable('The broker refused the message or went away.', error))
        else resolve()
      })
      open.unconfirmed += 1
    })
  }

  return {
    use,
    publish,
    get unconfirmed() {
      return link?.unconfirmed ?? 0
    },
    /** Resolves when nobody waits for a confirm any more. */
    flush: async () => void (await Promise.allSettled(waiting)),
  }
}

function takeOne(ids: string[], id: string): boolean {
  const index = ids.indexOf(id)
  if (index >= 0) ids.splice(index, 1)
  return index >= 0
}

function unavailable(detail: string, cause?: unknown) {
  return new AppError('BROKER_UNAVAILABLE', `${detail} Try again, with the same Idempotency-Key.`, {
    cause,
    retryAfterSeconds: 1,
  })
}

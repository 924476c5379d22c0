// Publishes messages with confirms. A confirm never hangs: the broker, the close of the channel (by amqplib), or the timeout settles it.
import type { ChannelModel, ConfirmChannel } from 'amqplib'
import { AppError } from '../../errors.ts'
import type { Publication } from './broker.ts'
import { toPublishOptions } from './envelope.ts'

/** With more, the broker is too slow for the load, and further messages would only fill the memory. */
export const maxUnconfirmed = 5000

export type ObservePublication = (type: string, outcome: 'confirmed' | 'failed') => void

/** The state of one connection. It ends with the connection. */
type Link = {
  channel: ConfirmChannel
  /** True while the broker is short of memory or disk and reads nothing from this connection. */
  isBlocked: boolean
  /** Messages without a confirm. They include those whose caller timed out, because their frames may still wait to be sent. */
  unconfirmed: number
  /** The ids of returned messages, which no queue took, once for each return. */
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
    if (link.isBlocked) throw unavailable('The broker is short of memory or disk and blocks publications.')
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
        // The broker returns a message that no queue takes, and confirms it afterwards.
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
    /** Resolve when no publication waits for a confirm. */
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
  })
}

// Counts the requests that the gateway works on and those it refused: docs/adr/0023.
import { AppError } from '../errors.ts'

/** Less than the number of calls that wait for one recommender at most. A request that is refused there costs three times as much. */
const maxRequests = 512

/** Made once: capturing a stack costs more than the rest of a refusal. */
export const overloaded = new AppError(
  'GATEWAY_OVERLOADED',
  'More requests arrive than this gateway can take on. Try again.',
)

export type Load = {
  /** Requests that are being worked on now: neither answered nor waiting for their body. */
  requests: number
  /** Requests that were refused since the start. */
  refused: number
}

export const createLoad = (): Load => ({ requests: 0, refused: 0 })

export const isFull = ({ requests }: Load) => requests >= maxRequests

// How many requests the gateway works on. The plugin counts them; the server refuses the next ones: docs/adr/0023.

/** Fewer than the calls to one recommender hold: what waits there beyond them is refused at three times the cost of a refusal here. */
const maxRequests = 512

export type Load = {
  /** Those that are neither answered nor waiting for their body. */
  requests: number
  /** Those that were refused so far. */
  refused: number
}

export const createLoad = (): Load => ({ requests: 0, refused: 0 })

export const isFull = ({ requests }: Load) => requests >= maxRequests

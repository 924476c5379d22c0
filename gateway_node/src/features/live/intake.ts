// Bounds the frames that one socket may send: a rate per minute, a count of unusable frames, and one small hello before the sign-in.
import { AppError } from '../../errors.ts'
import { type ClientFrame, findFrameId, parseFrame } from './frames.ts'
import { type Rate, TokenBucket } from './token-bucket.ts'

const maxRefusedFrames = 20
/** For control frames, and for frames that arrive after the closing began. Clients ping a few times a minute. */
const unreadFrames: Rate = { capacity: 600, perSecond: 1 }
/** Holds a token of 8 KiB. A longer frame isn't parsed before the sign-in, and the id of a longer frame isn't looked for if it is refused. */
const maxHelloBytes = 10 * 1024

export class Intake {
  readonly #session: { readonly isSignedIn: boolean }
  readonly #frames: TokenBucket
  readonly #most: number
  readonly #unread = new TokenBucket(unreadFrames)
  #refusedFrames = 0
  #hasGreeted = false

  /** `frames`: the rate of frames per minute. */
  constructor(session: { readonly isSignedIn: boolean }, frames: Rate) {
    this.#session = session
    this.#frames = new TokenBucket(frames)
    this.#most = frames.capacity
  }

  /** Throws FRAME_INVALID or RATE_EXCEEDED. */
  read(data: Buffer, isBinary: boolean): ClientFrame {
    this.#requireFrameLeft()
    if (this.#session.isSignedIn) return parseFrame(data, isBinary)
    if (data.length > maxHelloBytes) {
      const detail = `The frame has ${data.length} bytes. Before the sign-in it has at most ${maxHelloBytes}.`
      throw new AppError('FRAME_INVALID', detail)
    }
    const frame = parseFrame(data, isBinary)
    if (frame.type === 'hello') this.#requireFirstHello()
    return frame
  }

  /** Count a frame that isn't read. Return whether the socket may send more of them. */
  takeUnread(): boolean {
    return this.#unread.take()
  }

  /** Count a refused frame. Returns why the socket must close, or undefined if it stays open. */
  countRefused(): string | undefined {
    this.#refusedFrames += 1
    if (!this.#session.isSignedIn) return 'A frame before the sign-in was refused.'
    return this.#refusedFrames < maxRefusedFrames ? undefined : 'Too many frames that can not be used.'
  }

  /** Return the id of a refused frame; undefined if it has none or is longer than a hello may be. */
  findId(data: Buffer, isBinary: boolean): string | undefined {
    return data.length <= maxHelloBytes ? findFrameId(data, isBinary) : undefined
  }

  #requireFrameLeft(): void {
    if (this.#frames.take()) return
    const detail = `This socket sends more than ${this.#most} frames per minute. Send fewer.`
    throw new AppError('RATE_EXCEEDED', detail)
  }

  #requireFirstHello(): void {
    if (this.#hasGreeted) throw new AppError('FRAME_INVALID', 'A second hello came before the first was answered.')
    this.#hasGreeted = true
  }
}

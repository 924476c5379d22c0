// Bounds the frames that one socket may send: a rate per minute, a count of unusable frames, and one small hello before the sign-in.
import { AppError } from '../errors.ts'
import { Allowance, type Rate } from './allowance.ts'
import { type ClientFrame, findFrameId, parseFrame } from './frames.ts'

const maxInvalidFrames = 20
/** A token has at most 8 KiB. No longer frame is parsed before the sign-in, and none twice after it. */
const maxHelloBytes = 10 * 1024

export class Intake {
  readonly #session: { readonly isSignedIn: boolean }
  readonly #frames: Allowance
  readonly #most: number
  #invalidFrames = 0
  #hasGreeted = false

  /** `frames`: of a minute. */
  constructor(session: { readonly isSignedIn: boolean }, frames: Rate) {
    this.#session = session
    this.#frames = new Allowance(frames)
    this.#most = frames.most
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

  /** Counts a frame that was refused. False: the socket has to go. */
  forgive(): boolean {
    this.#invalidFrames += 1
    return this.#session.isSignedIn && this.#invalidFrames < maxInvalidFrames
  }

  /** The id of a frame that was refused. Undefined where it has none, or is long. */
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

// The frames of /v1/live: what clients may send, what they get, and the only code that knows their bytes.
import { type Static, Type } from 'typebox'
import { Compile, type Validator } from 'typebox/compile'
import { AppError } from '../../errors.ts'
import { isTooDeep, isTooWide, maxDepth } from '../../http/json-bounds.ts'
import { ItemId, Nullable, strict } from '../../http/schemas.ts'
import { toFieldErrors } from '../../http/validation.ts'

/** By one hello. How many a socket may hold is a setting. */
const maxResumed = 100
/** For a frame, at all levels together: enough for the largest valid hello. */
const maxFields = 128
const FrameId = Type.String({ minLength: 1, maxLength: 100, description: 'Comes back as `replyTo`.' })
const Topic = Type.String({ minLength: 1, maxLength: 300 })
const Offset = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
const id = Type.Optional(FrameId)

/** What clients may send, by `type`. A frame that has an `id` and is answered by nothing else is answered by `ack`. */
export const clientFrames = {
  hello: Type.Object(
    {
      type: Type.Literal('hello'),
      id,
      token: Type.Optional(Type.String({ maxLength: 8192 })),
      resume: Type.Optional(
        Type.Record(Topic, Offset, {
          maxProperties: maxResumed,
          description: 'Topics to subscribe to, each from the last offset that came.',
        }),
      ),
    },
    strict,
  ),
  subscribe: Type.Object({ type: Type.Literal('subscribe'), id, topic: Topic, resume: Type.Optional(Offset) }, strict),
  unsubscribe: Type.Object({ type: Type.Literal('unsubscribe'), id, topic: Topic }, strict),
  rate: Type.Object(
    {
      type: Type.Literal('rate'),
      id: FrameId,
      itemId: ItemId,
      rating: Type.Number({ minimum: 0.5, maximum: 5 }),
    },
    strict,
  ),
  ping: Type.Object({ type: Type.Literal('ping'), id }, strict),
}

const ReplyTo = Nullable(Type.String({ description: 'The `id` of the frame that this answers.' }))

/** What clients get, by `type`. */
export const serverFrames = {
  welcome: Type.Object({ type: Type.Literal('welcome'), sessionId: Type.String() }, strict),
  event: Type.Object(
    {
      type: Type.Literal('event'),
      topic: Topic,
      offset: Nullable(Type.Integer({ description: 'Of the stream that the event comes from; what to resume from.' })),
      data: Type.Unknown(),
    },
    strict,
  ),
  ack: Type.Object({ type: Type.Literal('ack'), replyTo: Type.String() }, strict),
  error: Type.Object(
    {
      type: Type.Literal('error'),
      reason: Type.String({ description: 'The identity of the error, from the catalogue.' }),
      detail: Type.String(),
      retryable: Type.Boolean(),
      replyTo: ReplyTo,
      topic: Type.Optional(Topic),
    },
    strict,
  ),
  pong: Type.Object({ type: Type.Literal('pong'), replyTo: ReplyTo }, strict),
}

type FrameType = keyof typeof clientFrames
export type FrameOf<Name extends FrameType> = Static<(typeof clientFrames)[Name]>
export type ClientFrame = { [Name in FrameType]: FrameOf<Name> }[FrameType]

const validators = Object.fromEntries(
  Object.entries(clientFrames).map(([type, schema]) => [type, Compile(schema)]),
) as unknown as Record<FrameType, Validator>

const frameIds = Compile(FrameId)

/** Throws FRAME_INVALID, saying which field is wrong. */
export function parseFrame(data: Buffer, isBinary: boolean): ClientFrame {
  if (isBinary) throw new AppError('FRAME_INVALID', 'The frame is binary. Send JSON as text.')
  const frame = parseJson(data)
  const type = frame.type
  if (typeof type !== 'string' || !Object.hasOwn(validators, type)) {
    const known = Object.keys(clientFrames).join(', ')
    throw new AppError('FRAME_INVALID', `The frame's type is none of ${known}.`)
  }
  const validator = validators[type as FrameType]
  if (validator.Check(frame)) return frame as ClientFrame
  const named = toFieldErrors(validator.Errors(frame)).map(({ pointer, detail }) => `${pointer} ${detail}`)
  throw new AppError('FRAME_INVALID', `The frame ${type} can't be used: ${named.join('; ')}.`)
}

/** The id of a frame that was refused, where one can be read, so that its sender knows which one it was. */
export function findFrameId(data: Buffer, isBinary: boolean): string | undefined {
  if (isBinary) return undefined
  try {
    const { id } = parseJson(data)
    return frameIds.Check(id) ? id : undefined
  } catch {
    return undefined
  }
}

function parseJson(data: Buffer): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(data.toString())
  } catch (cause) {
    throw new AppError('FRAME_INVALID', 'The frame is not JSON.', { cause })
  }
  if (isTooWide(value, maxFields))
    throw new AppError('FRAME_INVALID', `The frame has more than ${maxFields} fields in all.`)
  if (isTooDeep(value)) throw new AppError('FRAME_INVALID', `The frame nests deeper than ${maxDepth} levels.`)
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw new AppError('FRAME_INVALID', 'The frame is not a JSON object.')
}

export function encodeWelcome(sessionId: string): string {
  return JSON.stringify({ type: 'welcome', sessionId })
}

export function encodePong(replyTo: string | undefined): string {
  return JSON.stringify({ type: 'pong', replyTo: replyTo ?? null })
}

export function encodeAck(replyTo: string): string {
  return JSON.stringify({ type: 'ack', replyTo })
}

/** Takes the data as JSON already, so that a frame for a thousand sockets is written once. */
export function encodeEvent(topic: string, offset: number | null, dataJson: string): string {
  return `{"type":"event","topic":${JSON.stringify(topic)},"offset":${offset},"data":${dataJson}}`
}

/** The one renderer of errors on sockets. `topic` is there where the error is about one. */
export function encodeError(error: AppError, about: { replyTo?: string | undefined; topic?: string | undefined } = {}) {
  const { reason, message: detail, isRetryable: retryable } = error
  return JSON.stringify({
    type: 'error',
    reason,
    detail,
    retryable,
    replyTo: about.replyTo ?? null,
    topic: about.topic,
  })
}

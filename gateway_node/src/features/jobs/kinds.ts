// The kinds of job. Each is one file in `kinds/` and one line in `jobKinds`.
import type { Static, TObject } from 'typebox'
import { Compile, type Validator } from 'typebox/compile'
import { AppError } from '../../errors.ts'
import type { JobRequested } from '../../gen/whynotboth/v1/jobs.ts'
import { toFieldErrors } from '../../http/validation.ts'
import { evaluate } from './kinds/evaluate.ts'
import { exportKind } from './kinds/export.ts'
import { train } from './kinds/train.ts'

/**
 * One kind: `Message` holds its parameters in protobuf, `Params` is the schema of the same parameters in JSON. `Required` makes a forgotten field a
 * compile error.
 */
export type JobKind<Message, Params extends TObject> = {
  /** One sentence for the contract and the page: what the job does. */
  description: string
  params: Params
  toMessage(params: Static<Params>): { [Name in keyof Required<Message>]: Message[Name] }
  fromMessage(message: Message): Record<keyof Required<Static<Params>>, unknown>
}

export type MessageParams = NonNullable<JobRequested['params']>
export type KindName = MessageParams['$case']
/** Checked by the schema of a job's kind. */
export type JobParams = Record<string, unknown>
type MessageOf<Name extends KindName> = MessageParams extends infer Case
  ? Case extends { $case: Name } & Record<Name, infer Message>
    ? Message
    : never
  : never

/** `tsc` fails where this record and the oneof `JobRequested.params` of the contract name different kinds. */
export const jobKinds = { train, evaluate, export: exportKind } satisfies {
  [Name in KindName]: JobKind<MessageOf<Name>, TObject>
}
export const kindNames = Object.keys(jobKinds) as KindName[]

const validators = Object.fromEntries(
  Object.entries(jobKinds).map(([name, { params }]) => [name, Compile(params as TObject)]),
) as Record<KindName, Validator>

/** Convert parameters from JSON to protobuf. Throw JOB_PARAMS_INVALID, which names each wrong field. */
export function toMessageParams(name: KindName, params: JobParams): MessageParams {
  const validator = validators[name]
  if (!validator.Check(params)) throw toRefusal(name, validator.Errors(params))
  const { toMessage } = jobKinds[name] as JobKind<unknown, TObject>
  return { $case: name, [name]: toMessage(params) } as MessageParams
}

/** Convert parameters from protobuf to JSON, without those that were not given. Protobuf has no absent list: an empty list counts as not given. */
export function toJobParams(message: MessageParams): JobParams {
  const name = message.$case
  const { fromMessage } = jobKinds[name] as JobKind<unknown, TObject>
  const params = fromMessage((message as unknown as JobParams)[name])
  const isGiven = (value: unknown) => value !== undefined && !(Array.isArray(value) && value.length === 0)
  return Object.fromEntries(Object.entries(params).filter(([, value]) => isGiven(value)))
}

function toRefusal(name: KindName, errors: Parameters<typeof toFieldErrors>[0]): AppError {
  const fields = toFieldErrors(errors).map(({ pointer, detail }) => ({ pointer: `/params${pointer}`, detail }))
  const named = fields.map(({ pointer, detail }) => `${pointer} ${detail}`).join('; ')
  return new AppError('JOB_PARAMS_INVALID', `A job of kind ${name} can't take these parameters: ${named}.`, { fields })
}

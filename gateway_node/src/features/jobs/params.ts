// From the body of a request to the message that asks for the job.
import type { TSchema } from 'typebox'
import { Compile, type Validator } from 'typebox/compile'
import { AppError } from '../../errors.ts'
import type { JobRequested } from '../../gen/whynotboth/v1/jobs.ts'
import { toFieldErrors } from '../../http/validation.ts'
import { type Job, type JobParams, jobParams } from './schemas.ts'

type Kind = Job['kind']

const validators: Record<Kind, Validator<Record<never, never>, TSchema>> = {
  train: Compile(jobParams.train as TSchema),
  evaluate: Compile(jobParams.evaluate as TSchema),
  export: Compile(jobParams.export as TSchema),
}

/** Throws JOB_PARAMS_INVALID, naming every field that can't be used. */
export function toMessageParams(kind: Kind, params: JobParams): NonNullable<JobRequested['params']> {
  const validator = validators[kind]
  if (!validator.Check(params)) throw toRefusal(kind, validator.Errors(params))
  const { estimators = [], folds, seed, limit } = params
  switch (kind) {
    case 'train':
      return { $case: kind, train: { estimators, folds, seed } }
    case 'evaluate':
      return { $case: kind, evaluate: { estimators, seed } }
    case 'export':
      return { $case: kind, export: { limit } }
  }
}

function toRefusal(kind: Kind, errors: Parameters<typeof toFieldErrors>[0]): AppError {
  const fields = toFieldErrors(errors).map(({ pointer, detail }) => ({ pointer: `/params${pointer}`, detail }))
  const named = fields.map(({ pointer, detail }) => `${pointer} ${detail}`).join('; ')
  return new AppError('JOB_PARAMS_INVALID', `A job of kind ${kind} can't take these parameters: ${named}.`, { fields })
}

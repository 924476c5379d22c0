// The shapes of jobs as callers see them.
import type { Readable } from 'node:stream'
import { type Static, Type } from 'typebox'
import { NextPageToken, Nullable, pageQuery, strict } from '../../http/schemas.ts'

export const jobKinds = ['train', 'evaluate', 'export'] as const
export const jobStates = ['queued', 'running', 'succeeded', 'failed', 'cancelled'] as const

const estimators = ['ease', 'svd', 'item_knn', 'popularity'] as const
const Estimators = Type.Array(Type.Enum(estimators), {
  uniqueItems: true,
  maxItems: estimators.length,
  description: "Absent or empty: all that suit the catalogue's size.",
})
const Seed = Type.Integer({ minimum: 0, maximum: 4_294_967_295, description: 'Of every random choice. Default 42.' })

/** What each kind of job may be given. */
export const jobParams = {
  train: Type.Object(
    {
      estimators: Type.Optional(Estimators),
      folds: Type.Optional(
        Type.Integer({ minimum: 2, maximum: 10, description: 'Of the cross-validation. Default 3.' }),
      ),
      seed: Type.Optional(Seed),
    },
    strict,
  ),
  evaluate: Type.Object({ estimators: Type.Optional(Estimators), seed: Type.Optional(Seed) }, strict),
  export: Type.Object(
    {
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, description: 'Items for each user. Default 10.' })),
    },
    strict,
  ),
}

export type JobParams = Static<typeof jobParams.train> &
  Static<typeof jobParams.evaluate> &
  Static<typeof jobParams.export>

const Params = Type.Unsafe<JobParams>(Type.Object({}, { additionalProperties: true }))

const JobFile = Type.Object({ name: Type.String(), mediaType: Type.String(), sizeBytes: Type.Integer() })

const JobResult = Type.Object({
  modelVersion: Nullable(Type.String({ description: 'The version that a training wrote.' })),
  promoted: Type.Boolean({ description: 'Whether that version went live.' }),
  file: Nullable(JobFile),
})

export const Job = Type.Object(
  {
    jobId: Type.String(),
    kind: Type.Enum(jobKinds),
    params: Params,
    state: Type.Enum(jobStates),
    cancelRequested: Type.Boolean(),
    percent: Type.Number(),
    step: Type.String({ description: 'What is being done, for people.' }),
    metrics: Type.Record(Type.String(), Type.Number()),
    attempts: Type.Integer({ description: 'How many have begun.' }),
    createdAt: Type.String(),
    updatedAt: Type.String(),
    error: Nullable(Type.Object({ reason: Type.String(), detail: Type.String() })),
    result: Nullable(JobResult),
  },
  { title: 'Job' },
)
export type Job = Static<typeof Job>
export type JobState = Job['state']

export const JobList = Type.Object({ jobs: Type.Array(Job), nextPageToken: NextPageToken })

export const CreateJob = Type.Object(
  {
    kind: Type.Enum(jobKinds),
    params: Type.Optional(
      Type.Unsafe<JobParams>(
        Type.Object(
          {},
          {
            additionalProperties: true,
            description: 'train: {estimators?, folds?, seed?}; evaluate: {estimators?, seed?}; export: {limit?}.',
          },
        ),
      ),
    ),
  },
  // An example that changes no model: the page of the contract executes it.
  { ...strict, examples: [{ kind: 'export', params: { limit: 5 } }] },
)

export const JobPath = Type.Object({ jobId: Type.String({ minLength: 1, maxLength: 100 }) })

/** Streamed as it is. */
export const ResultFile = {
  description: 'The file.',
  content: { 'text/csv': { schema: Type.Unsafe<Readable>(Type.String()) } },
}

export const JobsQuery = Type.Object({ ...pageQuery, state: Type.Optional(Type.Enum(jobStates)) }, strict)

export const IdempotencyHeaders = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 200,
      description:
        'The same key and body make one job, for 7 days and at any gateway; another body is refused. Of two bodies at the same moment the first in the log counts, as the job at `Location` tells.',
    }),
  ),
})

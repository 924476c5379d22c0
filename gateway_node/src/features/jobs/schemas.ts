// The schemas of jobs over HTTP.
import type { Readable } from 'node:stream'
import { type Static, Type } from 'typebox'
import { NextPageToken, Nullable, pageQuery, strict } from '../../http/schemas.ts'
import { type JobParams, jobKinds, kindNames } from './kinds.ts'

const jobStates = ['queued', 'running', 'succeeded', 'failed', 'cancelled'] as const

const Params = Type.Unsafe<JobParams>(Type.Object({}, { additionalProperties: true }))

const JobFile = Type.Object({ name: Type.String(), mediaType: Type.String(), sizeBytes: Type.Integer() })

const JobResult = Type.Object({
  modelVersion: Nullable(Type.String({ description: 'The version that a training has written.' })),
  promoted: Type.Boolean({ description: 'Whether that version went live.' }),
  file: Nullable(JobFile),
})

export const Job = Type.Object(
  {
    jobId: Type.String(),
    kind: Type.Enum(kindNames),
    params: Params,
    state: Type.Enum(jobStates),
    cancelRequested: Type.Boolean(),
    percent: Type.Number(),
    step: Type.String({ description: 'What the worker is doing, in words.' }),
    metrics: Type.Record(Type.String(), Type.Number()),
    attempts: Type.Integer({ description: 'How many attempts have begun.' }),
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

// An example that changes no model: the page of the contract executes it.
const createOptions = { ...strict, examples: [{ kind: 'export', params: { limit: 5 } }] }

/** The route checks this schema. The service checks `params` by the schema of the kind. */
export const CreateJob = Type.Object({ kind: Type.Enum(kindNames), params: Type.Optional(Params) }, createOptions)

/** The contract shows this schema, with the parameters of each kind. */
export const CreateJobByKind = Type.Union(
  Object.entries(jobKinds).map(([name, { description, params }]) =>
    Type.Object({ kind: Type.Literal(name), params: Type.Optional(params) }, { title: name, description, ...strict }),
  ),
  { examples: createOptions.examples },
)

export const JobPath = Type.Object({ jobId: Type.String({ minLength: 1, maxLength: 100 }) })

/** The file's own bytes, not JSON. */
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
        'The same key and body make one job, for 7 days and at any gateway. Another body is refused. Of two bodies at the same moment, the first in the log counts; `Location` shows that job.',
    }),
  ),
})

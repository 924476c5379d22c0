import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type JobParams, jobKinds, kindNames, toJobParams, toMessageParams } from '../../../src/features/jobs/kinds.ts'
import { JobRequested } from '../../../src/gen/whynotboth/v1/jobs.ts'
import { buildTestApp } from '../../build-app.ts'

type FieldSchema = { type?: string; enum?: unknown[]; minimum?: number; items?: FieldSchema }

/** A value that the schema allows. */
function toSample({ type, enum: values, minimum = 1, items }: FieldSchema): unknown {
  if (type === 'array') return [toSample(items ?? {})]
  return values?.[0] ?? (type === 'string' ? 'text' : minimum)
}

const sampleParams = (properties: object): JobParams =>
  Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, toSample(schema)]))

for (const name of kindNames) {
  test(`every parameter of the kind ${name} arrives at the worker and comes back with the job`, () => {
    const params = sampleParams(jobKinds[name].params.properties)

    const message = { jobId: 'a', params: toMessageParams(name, params), occurredAt: undefined }
    const { params: received } = JobRequested.decode(JobRequested.encode(message).finish())

    assert.ok(received)
    assert.deepEqual([received.$case, toJobParams(received)], [name, params])
  })
}

test('the contract shows the parameters of each kind', async (t) => {
  const { gateway } = await buildTestApp(t)

  const { body } = await gateway.get('/openapi.json')

  const operation = (body.paths as Record<string, { post: { requestBody: { content: object } } }>)['/v1/jobs']?.post
  const [{ schema }] = Object.values(operation?.requestBody.content ?? {}) as [{ schema: { anyOf: JobSchema[] } }]
  const shown = schema.anyOf.map(({ description, properties: { kind, params } }) => [
    kind.enum,
    description,
    Object.keys(params.properties),
  ])
  assert.deepEqual(
    shown,
    kindNames.map((name) => [[name], jobKinds[name].description, Object.keys(jobKinds[name].params.properties)]),
  )
})

type JobSchema = {
  description: string
  properties: { kind: { enum: string[] }; params: { properties: object } }
}

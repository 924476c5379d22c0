// Jobs over HTTP: request, read and cancel jobs, and download their files. Decorates the app with the view of jobs, which the socket uses too.

import type { SwaggerTransform } from '@fastify/swagger'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyContextConfig } from 'fastify'
import fp from 'fastify-plugin'
import { requireIdentity } from '../../http/access.ts'
import { isFinal } from './fold.ts'
import {
  CreateJob,
  CreateJobByKind,
  IdempotencyHeaders,
  Job,
  JobList,
  JobPath,
  JobsQuery,
  ResultFile,
} from './schemas.ts'
import { requestCancel, requestJob } from './service.ts'
import { JobsView } from './view.ts'

const tags = ['jobs']
const config: FastifyContextConfig = { access: ['operator'] }

const showKinds: SwaggerTransform = ({ schema, url }) => ({ schema: { ...schema, body: CreateJobByKind }, url })

const requestRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.post(
    '/v1/jobs',
    {
      config: { ...config, swaggerTransform: showKinds },
      schema: { tags, summary: 'Request a job', body: CreateJob, headers: IdempotencyHeaders, response: { 202: Job } },
    },
    async (request, reply) => {
      const { kind, params = {} } = request.body
      const idempotencyKey = request.headers['idempotency-key']
      requireIdentity(request.identity)
      const { subject } = request.identity
      const job = await requestJob(app, { kind, params, subject, idempotencyKey }, request.call)
      return reply.code(202).header('location', `/v1/jobs/${job.jobId}`).send(job)
    },
  )

  const summary = 'Cancel a job; the answer is 200 if it has ended already'
  app.post(
    '/v1/jobs/:jobId/cancel',
    { config, schema: { tags, summary, params: JobPath, response: { 200: Job, 202: Job } } },
    async (request, reply) => {
      const job = await requestCancel(app, request.params.jobId, request.call)
      return reply.code(isFinal(job) ? 200 : 202).send(job)
    },
  )
}

const readRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/v1/jobs',
    {
      config,
      schema: { tags, summary: 'List jobs, newest first', querystring: JobsQuery, response: { 200: JobList } },
    },
    async ({ query }) => {
      app.jobs.requireReady()
      return app.jobs.list(query.pageSize, query.pageToken, query.state)
    },
  )

  app.get(
    '/v1/jobs/:jobId',
    { config, schema: { tags, summary: 'Get a job', params: JobPath, response: { 200: Job } } },
    async ({ params }) => app.jobs.get(params.jobId),
  )

  app.get(
    '/v1/jobs/:jobId/result',
    {
      config,
      schema: {
        tags,
        summary: 'Download the file of a job',
        params: JobPath,
        response: { 200: ResultFile },
      },
    },
    async (request, reply) => {
      const { jobId } = app.jobs.get(request.params.jobId)
      const { header, body } = await app.recommender.readResult(jobId, request.call)
      reply.type(header.mediaType).header('content-length', header.sizeBytes)
      reply.header('content-disposition', `attachment; filename*=UTF-8''${encodeURIComponent(header.name)}`)
      return reply.send(body)
    },
  )
}

export const jobsRoutes = fp(
  async (app) => {
    const jobs = new JobsView(app.jobsLog, app.log)
    app.decorate('jobs', jobs)
    await app.register(requestRoutes)
    await app.register(readRoutes)
  },
  { name: 'jobs', dependencies: ['broker', 'recommender', 'telemetry'] },
)

declare module 'fastify' {
  interface FastifyInstance {
    jobs: JobsView
  }
}

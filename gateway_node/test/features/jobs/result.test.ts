import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { buildTestApp } from '../../build-app.ts'
import { tokenOf } from '../../sign-in.ts'
import { JobsClient } from './jobs-client.ts'

async function openWithJob(t: TestContext) {
  const { app, recommender } = await buildTestApp(t)
  const jobs = new JobsClient(app)
  const { body } = await jobs.ask('export')
  return { app, recommender, jobs, jobId: body.jobId as string }
}

/** Read the beginning of a download on a connection of its own. */
async function beginDownload(app: FastifyInstance, jobId: string): Promise<IncomingMessage> {
  await app.listen({ port: 0 })
  const { port } = app.server.address() as AddressInfo
  const headers = { authorization: `Bearer ${await tokenOf(app)}` }
  const [answer] = await once(request({ port, path: `/v1/jobs/${jobId}/result`, headers }).end(), 'response')
  return answer
}

test('the file of a job is downloaded under its name and type', async (t) => {
  const { recommender, jobs, jobId } = await openWithJob(t)
  const chunks = [Buffer.from('user,item\n'), Buffer.from('1,2\n')]
  recommender.results.set(jobId, { name: 'top é.csv', mediaType: 'text/csv', chunks })

  const { status, headers, text } = await jobs.download(jobId)

  assert.deepEqual([status, text], [200, 'user,item\n1,2\n'])
  assert.equal(headers['content-type'], 'text/csv')
  assert.equal(headers['content-length'], '14')
  assert.equal(headers['content-disposition'], "attachment; filename*=UTF-8''top%20%C3%A9.csv")
})

test('the result of a job without a file is a problem with the reason', async (t) => {
  const { jobs, jobId } = await openWithJob(t)

  const { status, text } = await jobs.download(jobId)

  assert.equal(status, 404)
  assert.equal(JSON.parse(text).reason, 'JOB_RESULT_MISSING')
})

test('a client that disconnects during a download ends the call to the recommender', async (t) => {
  const { app, recommender, jobId } = await openWithJob(t)
  const body = new Readable({ read: () => {} })
  body.push('the beginning')
  recommender.readResult = async () => ({ header: { name: 'a', mediaType: 'text/csv', sizeBytes: 1000 }, body })
  const answer = await beginDownload(app, jobId)
  await once(answer, 'data')

  answer.destroy()

  await once(body, 'close')
  assert.equal(body.destroyed, true)
})

test('a slow client slows down the reading of the file', async (t) => {
  const { app, recommender, jobId } = await openWithJob(t)
  const chunk = Buffer.alloc(64 * 1024)
  let chunksRead = 0
  const filled = Promise.withResolvers<void>()
  const body = new Readable({
    read() {
      chunksRead += 1
      this.push(chunksRead > 2000 ? null : chunk)
    },
  })
  body.on('pause', () => filled.resolve())
  const header = { name: 'a', mediaType: 'text/csv', sizeBytes: 2000 * chunk.length }
  recommender.readResult = async () => ({ header, body })
  const answer = await beginDownload(app, jobId)

  await filled.promise

  assert.ok(chunksRead < 2000)
  answer.destroy()
})

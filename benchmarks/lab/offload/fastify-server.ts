// A cheap route and a heavy one in Fastify: `node fastify-server.ts PORT loop|worker|grpc|batch|http|queue [ADDRESS_OF_THE_MODEL]`.
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { Client, credentials } from '@grpc/grpc-js'
import { type ConsumeMessage, connect } from 'amqplib'
import fastify from 'fastify'
import { compute } from './model.ts'

type Score = (ms: number, bytes: number) => string | Promise<string>
type ModelRoute = { Querystring: { ms: number; bytes: number } }

const [port = '', mode = '', model = ''] = process.argv.slice(2)

/** One request after the other: a message from the worker then answers the oldest request. */
function scoreInWorker(): Score {
  const worker = new Worker(new URL(import.meta.url))
  let last: Promise<unknown> = Promise.resolve()
  return (ms, bytes) => {
    const answer = last.then(async (): Promise<string> => {
      worker.postMessage({ ms, bytes })
      const [text] = await once(worker, 'message')
      return text
    })
    last = answer
    return answer
  }
}

/** A call holds a line for each request, and the answer a line for each, in the same order. */
function callOverGrpc(): (lines: string[]) => Promise<string[]> {
  const client = new Client(model, credentials.createInsecure(), { 'grpc.enable_http_proxy': 0 })
  const encode = (lines: string[]) => Buffer.from(lines.join('\n'))
  const decode = (answer: Buffer) => answer.toString().split('\n')
  return (lines) =>
    new Promise((resolve, reject) => {
      client.makeUnaryRequest('/lab.Model/Score', encode, decode, lines, (error, answers) =>
        error ? reject(error) : resolve(answers ?? []),
      )
    })
}

function scoreOverGrpc(): Score {
  const call = callOverGrpc()
  return async (ms, bytes) => (await call([`${ms} ${bytes}`]))[0] ?? ''
}

/** One call at a time. Requests that arrive meanwhile share the next one. */
function scoreInBatches(): Score {
  const call = callOverGrpc()
  let waiting: { line: string; resolve: (answer: string) => void; reject: (error: unknown) => void }[] = []
  let isCalling = false

  async function callForAll() {
    isCalling = true
    while (waiting.length > 0) {
      const batch = waiting
      waiting = []
      try {
        const answers = await call(batch.map(({ line }) => line))
        batch.forEach(({ resolve }, place) => {
          resolve(answers[place] ?? '')
        })
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    isCalling = false
  }

  return (ms, bytes) =>
    new Promise((resolve, reject) => {
      waiting.push({ line: `${ms} ${bytes}`, resolve, reject })
      if (!isCalling) void callForAll()
    })
}

async function scoreOverHttp(ms: number, bytes: number): Promise<string> {
  const response = await fetch(`http://${model}/model?ms=${ms}&bytes=${bytes}`)
  return (await response.json()).answer
}

/** Request and answer are messages. RabbitMQ takes the answers to this channel without a queue of their own. */
async function scoreOverQueue(): Promise<Score> {
  const replyTo = 'amq.rabbitmq.reply-to'
  const waiting = new Map<string, (answer: string) => void>()
  const channel = await (await connect(model)).createChannel()
  await channel.assertQueue('model')
  const answered = (message: ConsumeMessage | null) => {
    const id = message?.properties.correlationId
    waiting.get(id)?.(message?.content.toString() ?? '')
    waiting.delete(id)
  }
  await channel.consume(replyTo, answered, { noAck: true })
  return (ms, bytes) =>
    new Promise((resolve) => {
      const correlationId = randomUUID()
      waiting.set(correlationId, resolve)
      channel.sendToQueue('model', Buffer.from(`${ms} ${bytes}`), { correlationId, replyTo })
    })
}

const places: Record<string, () => Score | Promise<Score>> = {
  loop: () => compute,
  worker: scoreInWorker,
  grpc: scoreOverGrpc,
  batch: scoreInBatches,
  http: () => scoreOverHttp,
  queue: scoreOverQueue,
}

async function serve() {
  const score = (await places[mode]?.()) ?? compute
  const numbers = { type: 'object', properties: { ms: { type: 'number' }, bytes: { type: 'integer' } } }
  const app = fastify()
  app.get<ModelRoute>('/model', { schema: { querystring: numbers } }, async ({ query }) => {
    return { answer: await score(query.ms, query.bytes) }
  })
  app.get('/cheap', async () => ({}))
  app.get('/readyz', async () => {
    await score(0, 1)
    return {}
  })
  await app.listen({ host: '127.0.0.1', port: Number(port) })
}

if (isMainThread) await serve()
else parentPort?.on('message', ({ ms, bytes }) => parentPort?.postMessage(compute(ms, bytes)))

// A cheap route and a heavy one in Fastify: `node fastify-server.ts PORT loop|worker|grpc|http [PORT_OF_THE_MODEL]`.
import { once } from 'node:events'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { Client, credentials } from '@grpc/grpc-js'
import fastify from 'fastify'
import { compute } from './model.ts'

type Score = (ms: number, bytes: number) => string | Promise<string>
type ModelRoute = { Querystring: { ms: number; bytes: number } }

const [port = '', mode = '', modelPort = ''] = process.argv.slice(2)

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

function scoreOverGrpc(): Score {
  const client = new Client(`127.0.0.1:${modelPort}`, credentials.createInsecure(), { 'grpc.enable_http_proxy': 0 })
  const encode = (text: string) => Buffer.from(text)
  return (ms, bytes) =>
    new Promise((resolve, reject) => {
      client.makeUnaryRequest('/lab.Model/Score', encode, String, `${ms} ${bytes}`, (error, answer) =>
        error ? reject(error) : resolve(answer ?? ''),
      )
    })
}

async function scoreOverHttp(ms: number, bytes: number): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${modelPort}/model?ms=${ms}&bytes=${bytes}`)
  return (await response.json()).answer
}

function chooseScore(): Score {
  if (mode === 'worker') return scoreInWorker()
  if (mode === 'grpc') return scoreOverGrpc()
  return mode === 'http' ? scoreOverHttp : compute
}

async function serve() {
  const score = chooseScore()
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

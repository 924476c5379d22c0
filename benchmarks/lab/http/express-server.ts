// The service in Express: `node express-server.ts PORT PROCESSES`.
import cluster from 'node:cluster'
import { setTimeout } from 'node:timers/promises'
import express from 'express'

const app = express()

app.get('/items/:id', async (request, response) => {
  const id = Number(request.params.id)
  const waitMs = Number(request.query.waitMs ?? 0)
  if (waitMs > 0) await setTimeout(waitMs)
  response.json({ id, name: `Item ${id}`, price: 9.5 })
})

app.get('/readyz', (_request, response) => {
  response.json({})
})

const [port = 0, processes = 1] = process.argv.slice(2).map(Number)
if (cluster.isPrimary && processes > 1) for (let started = 0; started < processes; started += 1) cluster.fork()
else app.listen(port, '127.0.0.1')

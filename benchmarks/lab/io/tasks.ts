// Waiting tasks in Node: `node tasks.ts PORT TASKS LIMIT`. At most LIMIT tasks are in progress.
import { once } from 'node:events'
import { connect } from 'node:net'
import { printFigures } from '../../load/figures.ts'

const [port = 0, tasks = 0, limit = 0] = process.argv.slice(2).map(Number)
let left = tasks

async function work() {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true })
  while (left > 0) {
    left -= 1
    socket.write('?')
    await once(socket, 'data')
  }
  socket.destroy()
}

const beganAt = performance.now()
await Promise.all(Array.from({ length: limit }, work))
const ms = performance.now() - beganAt
const { user, system } = process.cpuUsage()
printFigures({ ms, cpu_ms: (user + system) / 1000, memory_mb: process.resourceUsage().maxRSS / 1000 })

// Many sockets: `node sockets.ts URL COUNT [TOPIC]`. Opens a fifth of them to warm the server up. After the first line of input, opens the rest:
// the benchmark measures the memory of these. For each further line, prints the time of one event from the first socket that receives it to the
// last. Ends at the end of its input.
import { createInterface } from 'node:readline'
import { printFigures } from './figures.ts'
import { openSocket } from './live-socket.ts'

const atOnce = 100
const socketsPerAddress = 4000
const timeoutMs = 15_000

const [address = '', count = '', topic = ''] = process.argv.slice(2)
const url = new URL(address)
const total = Number(count)
let receivers = new Set<number>()
let isListening = false
let firstAt = 0
let timeout: NodeJS.Timeout | undefined

function take(place: number, text: string) {
  if (!isListening || !text.startsWith('{"type":"event"')) return
  if (receivers.size === 0) firstAt = performance.now()
  receivers.add(place)
  if (receivers.size < total) return
  isListening = false
  clearTimeout(timeout)
  printFigures({ first_to_last_ms: performance.now() - firstAt })
}

function listen() {
  receivers = new Set()
  isListening = true
  timeout = setTimeout(giveUp, timeoutMs)
  printFigures({ listening: total })
}

function giveUp() {
  process.stderr.write(`Only ${receivers.size} of ${total} sockets received the event within ${timeoutMs} ms\n`)
  process.exit(1)
}

async function openEach(places: Iterator<number, void>) {
  for (let next = places.next(); !next.done; next = places.next()) {
    const place = next.value
    const localAddress = `127.0.1.${1 + Math.floor(place / socketsPerAddress)}`
    await openSocket(url, topic, (text) => take(place, text), { localAddress })
  }
}

async function open(from: number, to: number) {
  const places = Array.from({ length: to - from }, (_, index) => from + index).values()
  await Promise.all(Array.from({ length: atOnce }, () => openEach(places)))
  printFigures({ open: to })
}

const fifth = Math.floor(total / 5)
await open(0, fifth)
let isComplete = false
for await (const _ of createInterface(process.stdin)) {
  if (isComplete) listen()
  else await open(fifth, total)
  isComplete = true
}
process.exit(0)

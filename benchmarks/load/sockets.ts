// Many sockets that listen: `node sockets.ts URL COUNT [TOPIC]`. Opens a fifth of them, and the rest at the first line of its input: what the
// rest takes is what sockets take once a server has warmed up. For each further line it tells how long one event took from the first socket
// that has it to the last. Ends with its input.
import { createInterface } from 'node:readline'
import { tell } from './figures.ts'
import { openSocket } from './live-socket.ts'

const atOnce = 100
const socketsPerAddress = 4000
const patienceMs = 15_000

const [address = '', count = '', topic = ''] = process.argv.slice(2)
const url = new URL(address)
const total = Number(count)
let having = new Set<number>()
let isListening = false
let firstAt = 0
let impatience: NodeJS.Timeout | undefined

function take(place: number, text: string) {
  if (!isListening || !text.startsWith('{"type":"event"')) return
  if (having.size === 0) firstAt = performance.now()
  having.add(place)
  if (having.size < total) return
  isListening = false
  clearTimeout(impatience)
  tell({ first_to_last_ms: performance.now() - firstAt })
}

function listen() {
  having = new Set()
  isListening = true
  impatience = setTimeout(giveUp, patienceMs)
  tell({ listening: total })
}

function giveUp() {
  process.stderr.write(`Only ${having.size} of ${total} sockets have the event after ${patienceMs} ms\n`)
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
  tell({ open: to })
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

// Sends ratings at a constant rate and measures the time until each user's socket has the new list.
// `node push.ts URL TRAFFIC PER_SECOND SECONDS`
import { setTimeout } from 'node:timers/promises'
import { sendAtRate } from './constant-rate.ts'
import { percentiles, printFigures } from './figures.ts'
import { ask, hangUp } from './http-client.ts'
import { openSocket } from './live-socket.ts'
import { readTraffic, type TrafficRequest } from './traffic.ts'

/** A list contains the rating once the list's offset has reached the rating's. */
type Rating = { dueAt: number; offset: number }
type Arrival = { at: number; offset: number }

const timeoutMs = 3000

const [address = '', file = '', perSecond = '', seconds = ''] = process.argv.slice(2)
const url = new URL(address)
const traffic = readTraffic(file)
const userOf = ({ body }: TrafficRequest): string => JSON.parse(body).userId
const arrivals = new Map<string, Arrival[]>()
const ratings = new Map<string, Rating[]>()
let failed = 0

async function rate(place: number, dueAt: number) {
  const request = traffic[place % traffic.length] as TrafficRequest
  try {
    const { offset } = JSON.parse(await ask(url, request))
    if (offset === null) failed += 1
    else ratings.get(userOf(request))?.push({ dueAt, offset })
  } catch {
    failed += 1
  }
}

/** The time until the first list that contains the rating; undefined if none came. */
function toLatency({ dueAt, offset }: Rating, lists: Arrival[]): number | undefined {
  const list = lists.find((arrival) => arrival.offset >= offset)
  return list && list.at - dueAt
}

const users = [...new Set(traffic.map(userOf))]
const sockets = await Promise.all(
  users.map(async (user) => {
    const lists: Arrival[] = []
    arrivals.set(user, lists)
    ratings.set(user, [])
    return openSocket(url, `users/${user}/recommendations`, (text) => {
      const { type, offset } = JSON.parse(text)
      if (type === 'event' && offset !== null) lists.push({ at: performance.now(), offset })
    })
  }),
)
const rated: Promise<void>[] = []
await sendAtRate(Number(perSecond), Number(seconds), (place, dueAt) => rated.push(rate(place, dueAt)))
await Promise.all(rated)
const measure = () =>
  users.flatMap((user) => (ratings.get(user) ?? []).map((rating) => toLatency(rating, arrivals.get(user) ?? [])))
const timeoutAt = performance.now() + timeoutMs
while (measure().includes(undefined) && performance.now() < timeoutAt) await setTimeout(100)
for (const socket of sockets) socket.terminate()
hangUp()
const latenciesMs = measure()
const pushed = latenciesMs.filter((ms) => ms !== undefined)
printFigures({ ...percentiles(pushed), answered: pushed.length, failed: failed + latenciesMs.length - pushed.length })

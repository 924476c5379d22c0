// A bare publisher with confirms: `node publisher.ts AMQP_URL DEFINITIONS CONCURRENCY SECONDS`. Its stream has the arguments of the stack's log,
// and no readers.
import { randomUUID } from 'node:crypto'
import { connect } from 'amqplib'
import { readDefinitions } from '../../gateway_node/src/clients/broker/topology.ts'
import { InteractionRecorded } from '../../gateway_node/src/gen/whynotboth/v1/interactions.ts'
import { percentiles, printFigures } from '../load/figures.ts'

const stream = 'interactions.unread'
const type = 'whynotboth.v1.InteractionRecorded'

const [amqpUrl = '', definitions = '', concurrency = '', seconds = ''] = process.argv.slice(2)
const likeTheLog = readDefinitions(definitions).queues.find(({ name }) => name === 'interactions')
const connection = await connect(amqpUrl, { noDelay: true })
const channel = await connection.createConfirmChannel()
await channel.assertQueue(stream, { durable: true, arguments: likeTheLog?.arguments })

function publish(): Promise<void> {
  const interactionId = randomUUID()
  const interaction = { interactionId, userId: '196', itemId: '50', rating: 4, occurredAt: new Date() }
  const body = Buffer.from(InteractionRecorded.encode(interaction).finish())
  return new Promise((resolve, reject) => {
    const options = { type, messageId: interactionId, contentType: 'application/x-protobuf', persistent: true }
    channel.publish('', stream, body, options, (error) => (error ? reject(error) : resolve()))
  })
}

const latenciesMs: number[] = []
const endsAt = performance.now() + Number(seconds) * 1000
async function publishOneByOne() {
  for (let askedAt = performance.now(); askedAt < endsAt; askedAt = performance.now()) {
    await publish()
    latenciesMs.push(performance.now() - askedAt)
  }
}
await Promise.all(Array.from({ length: Number(concurrency) }, publishOneByOne))
await connection.close()
printFigures({
  per_second: latenciesMs.length / Number(seconds),
  ...percentiles(latenciesMs),
  answered: latenciesMs.length,
  failed: 0,
})

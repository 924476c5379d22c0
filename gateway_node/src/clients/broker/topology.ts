// Declares the exchanges, queues and bindings of infra/rabbitmq/definitions.json. Declaring again changes nothing; other arguments than the broker
// has are an error.
import { readFileSync } from 'node:fs'
import type { Channel } from 'amqplib'

type Arguments = Record<string, unknown>
type Exchange = {
  name: string
  type: string
  durable: boolean
  auto_delete: boolean
  internal: boolean
  arguments: Arguments
}
type Queue = { name: string; durable: boolean; auto_delete: boolean; arguments: Arguments }
type Binding = {
  source: string
  destination: string
  destination_type: string
  routing_key: string
  arguments: Arguments
}

export type Definitions = { exchanges: Exchange[]; queues: Queue[]; bindings: Binding[] }

export function readDefinitions(path: string): Definitions {
  return JSON.parse(readFileSync(path, 'utf8'))
}

/** Check that everything exists, for a user who may not declare. The first that is missing closes the channel with an error that names it. */
export async function findTopology(channel: Channel, { exchanges, queues }: Definitions): Promise<void> {
  for (const { name } of exchanges) await channel.checkExchange(name)
  for (const { name } of queues) await channel.checkQueue(name)
}

export async function declareTopology(channel: Channel, definitions: Definitions): Promise<void> {
  for (const { name, type, durable, auto_delete, internal, arguments: args } of definitions.exchanges)
    await channel.assertExchange(name, type, { durable, autoDelete: auto_delete, internal, arguments: args })
  for (const { name, durable, auto_delete, arguments: args } of definitions.queues)
    await channel.assertQueue(name, { durable, autoDelete: auto_delete, arguments: args })
  for (const { source, destination, destination_type, routing_key, arguments: args } of definitions.bindings) {
    if (destination_type === 'queue') await channel.bindQueue(destination, source, routing_key, args)
    else await channel.bindExchange(destination, source, routing_key, args)
  }
}

// Declares what infra/rabbitmq/definitions.json lists. Declaring twice changes nothing; another argument than the broker has is an error.
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

/** For who may not declare: what is missing ends the channel and is named. */
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

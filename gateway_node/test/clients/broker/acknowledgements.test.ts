import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Channel, ConsumeMessage } from 'amqplib'
import { batchAcknowledgements } from '../../../src/clients/broker/acknowledgements.ts'

const delivery = (deliveryTag: number) => ({ fields: { deliveryTag } }) as ConsumeMessage

/** A channel that keeps the delivery tags of acknowledgements. Each must include all earlier messages. */
function openChannel() {
  const acknowledged: number[] = []
  const channel: Pick<Channel, 'ack'> = {
    ack({ fields }, allUpTo) {
      assert.equal(allUpTo, true)
      acknowledged.push(fields.deliveryTag)
    },
  }
  return { channel, acknowledged }
}

test('messages that arrive within 20 ms are acknowledged together, each once', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { channel, acknowledged } = openChannel()
  const acknowledge = batchAcknowledgements(channel, 100)

  for (const tag of [1, 2, 3]) acknowledge(delivery(tag))
  t.mock.timers.tick(20)
  acknowledge(delivery(4))
  t.mock.timers.tick(20)
  t.mock.timers.tick(20)

  assert.deepEqual(acknowledged, [3, 4])
})

test('a full batch is acknowledged at once, and the rest after 20 ms', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { channel, acknowledged } = openChannel()
  const acknowledge = batchAcknowledgements(channel, 2)

  for (const tag of [1, 2, 3, 4, 5]) acknowledge(delivery(tag))
  const atOnce = [...acknowledged]
  t.mock.timers.tick(20)

  assert.deepEqual(
    [atOnce, acknowledged],
    [
      [2, 4],
      [2, 4, 5],
    ],
  )
})

test('an acknowledgement on a closed channel throws nothing', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const acknowledge = batchAcknowledgements(
    {
      ack() {
        throw new Error('Channel closed')
      },
    },
    1,
  )

  assert.doesNotThrow(() => acknowledge(delivery(1)))
})

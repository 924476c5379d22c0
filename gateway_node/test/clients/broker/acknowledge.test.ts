import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Channel, ConsumeMessage } from 'amqplib'
import { acknowledgeTogether } from '../../../src/clients/broker/acknowledge.ts'

const delivery = (deliveryTag: number) => ({ fields: { deliveryTag } }) as ConsumeMessage

/** Notes what is acknowledged, with all before it. */
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

test('what comes in a while is acknowledged together, each once', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { channel, acknowledged } = openChannel()
  const acknowledge = acknowledgeTogether(channel, 100)

  for (const tag of [1, 2, 3]) acknowledge(delivery(tag))
  t.mock.timers.tick(20)
  acknowledge(delivery(4))
  t.mock.timers.tick(20)
  t.mock.timers.tick(20)

  assert.deepEqual(acknowledged, [3, 4])
})

test('so many are acknowledged at once, and the rest in a while', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { channel, acknowledged } = openChannel()
  const acknowledge = acknowledgeTogether(channel, 2)

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

test('a channel that has ended keeps nobody from going on', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const acknowledge = acknowledgeTogether(
    {
      ack() {
        throw new Error('Channel closed')
      },
    },
    1,
  )

  assert.doesNotThrow(() => acknowledge(delivery(1)))
})

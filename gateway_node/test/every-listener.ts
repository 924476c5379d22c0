// Runs one test for each place where many listen: the first listener throws, and the others are called all the same.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { shield } from '../src/clients/listeners.ts'

export type Listener = () => void
/** Add the listeners in their order. Return a function that causes the event. */
export type Place = (listeners: Listener[], t: TestContext) => () => void

export function testEveryListener(places: Record<string, Place>): void {
  for (const [event, place] of Object.entries(places)) {
    test(`every listener is called even if the first one throws: ${event}`, (t) => {
      let calls = 0
      const fail = () => {
        throw new TypeError('a bug')
      }
      const cause = place([fail, () => (calls += 1), () => (calls += 1)], t)

      shield(cause, () => {})()

      assert.equal(calls, 2)
    })
  }
}

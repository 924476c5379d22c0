import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { Refresher } from '../../../src/features/live/refresher.ts'

/** A refresher whose questions the test answers, one by one. */
function openRefresher(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const questions: PromiseWithResolvers<boolean>[] = []
  const failures: unknown[] = []
  const ask = () => {
    const question = Promise.withResolvers<boolean>()
    questions.push(question)
    return question.promise
  }
  const refresher = new Refresher(ask, (error) => failures.push(error))
  const answer = async (isGood: boolean) => {
    questions.at(-1)?.resolve(isGood)
    await setImmediate()
  }
  const fail = async (error: Error) => {
    questions.at(-1)?.reject(error)
    await setImmediate()
  }
  return { refresher, questions, failures, answer, fail }
}

test('whatever happens while a question is open is one more question after it', async (t) => {
  const { refresher, questions, answer } = openRefresher(t)

  for (let times = 0; times < 5; times += 1) refresher.refresh()
  const whileOpen = questions.length
  await answer(true)

  assert.deepEqual([whileOpen, questions.length], [1, 2])
})

test('an answer that is good ends it', async (t) => {
  const { refresher, questions, answer } = openRefresher(t)
  refresher.refresh()

  await answer(true)
  await answer(true)
  t.mock.timers.tick(60_000)

  assert.equal(questions.length, 1)
})

test('after an answer that is not good it asks again, later each time', async (t) => {
  const { refresher, questions, answer } = openRefresher(t)
  refresher.refresh()
  await answer(false)

  t.mock.timers.tick(1000)
  await answer(false)
  t.mock.timers.tick(1999)
  const early = questions.length
  t.mock.timers.tick(1)

  assert.deepEqual([early, questions.length], [2, 3])
})

test('a failure is told and asked again', async (t) => {
  const { refresher, questions, failures, fail } = openRefresher(t)
  const error = new Error('no answer')
  refresher.refresh()

  await fail(error)
  t.mock.timers.tick(1000)

  assert.deepEqual(failures, [error])
  assert.equal(questions.length, 2)
})

test('nothing is asked or told after the stop', async (t) => {
  const { refresher, questions, failures, fail } = openRefresher(t)
  refresher.refresh()
  refresher.stop()

  await fail(new Error('late'))
  t.mock.timers.tick(60_000)

  assert.deepEqual([questions.length, failures.length], [1, 0])
})

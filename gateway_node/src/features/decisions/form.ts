// The form of the decision tool, as its address holds it: /decide?connections=thousands&team=both. With `step=2` it shows question 2 alone.
import type { Answers } from '../../clients/recommender/recommender.ts'

export type Form = {
  answers: Answers
  /** The number of the only question on the page, from 1; null for all of them. */
  step: number | null
  /** Whether the form was sent for a decision. */
  isComplete: boolean
}

export function readForm({ step, ...fields }: Record<string, string>, questionCount: number): Form {
  const answers = Object.fromEntries(Object.entries(fields).filter(([, answer]) => answer !== ''))
  const number = Number(step)
  const isQuestion = Number.isInteger(number) && number >= 1 && number <= questionCount
  // After the last question, `step` is one too many: the form is complete.
  const isComplete = !isQuestion && (step !== undefined || Object.keys(fields).length > 0)
  return { answers, step: isQuestion ? number : null, isComplete }
}

/** Return the address of a form, so that people can share it. */
export function addressOf(answers: Answers, step?: number, path = '/decide'): string {
  const query = new URLSearchParams({ ...answers, ...(step !== undefined && { step: String(step) }) }).toString()
  return query === '' ? path : `${path}?${query}`
}

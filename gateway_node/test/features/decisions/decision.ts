// A questionnaire and a decision, as examples for tests.
import type { Decision, Questionnaire } from '../../../src/clients/recommender/recommender.ts'

export const questionnaire: Questionnaire = {
  questions: [
    {
      questionId: 'load',
      text: 'Which load?',
      answers: [
        { answerId: 'low', text: 'Low' },
        { answerId: 'high', text: 'High' },
      ],
    },
    { questionId: 'team', text: 'Which <team>?', answers: [{ answerId: 'python', text: 'Python' }] },
  ],
  projects: [{ title: 'Chat', answers: { load: 'high', team: 'python' } }],
}

export const decision: Decision = {
  winners: ['python'],
  summary: ['Python.', 'Best in 80 % of the weights.'],
  options: [
    { option: 'python', share: 0.8, mean: 0.7, low: 0.6, high: 0.8 },
    { option: 'both', share: 0.2, mean: 0.5, low: 0.4, high: 0.6 },
  ],
  criteria: [
    {
      criterionId: 'requests',
      title: 'Requests per second',
      weight: 1,
      lead: 0.2,
      scale: '0: none.',
      reason: 'Because.',
      evidence: { source: 'own-run', text: 'Your lab run: 1.9 (1.7 to 2.1)', command: 'make lab ONLY=http' },
    },
  ],
  smallestChange: { answers: { team: 'javascript' }, winner: 'node' },
  unknowns: ['The price.'],
  agenda: {
    statement: 'The authors like both.',
    favouring: ['Requests per second'],
    whenNot: ["Don't use it for a toy."],
  },
  record: '# Write the back end in Python\n',
}

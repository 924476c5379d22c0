// The page of the decision tool: a plain form, and the decision above it. It needs no script, because its address holds all answers.
import type { Answers, Decision, Questionnaire } from '../../clients/recommender/recommender.ts'
import type { AppError } from '../../errors.ts'
import { addressOf, type Form } from './form.ts'
import { type Html, html } from './html.ts'
import { renderResult } from './result.ts'

/** `outcome` is the decision, or the error that the answers caused. */
export function renderPage(questionnaire: Questionnaire, form: Form, outcome?: Decision | AppError): string {
  return renderDocument(html`
      ${outcome instanceof Error && renderError(outcome)}
      ${outcome !== undefined && !(outcome instanceof Error) && renderResult(outcome, form.answers)}
      ${form.step === null ? renderAll(questionnaire, form) : renderStep(questionnaire, form.answers, form.step)}`)
}

/** The page without its form, as the recommender that has the questions can't be asked. */
export const renderFailure = (error: AppError) => renderDocument(renderError(error))

const renderError = ({ message }: AppError) => html`<p class="decide-error" role="alert">${message}</p>`

function renderDocument(content: Html): string {
  const title = 'Node, Python or both?'
  const page = html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>${title}</title>
    <link rel="icon" href="/icon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="/styles/tokens.css">
    <link rel="stylesheet" href="/styles/page.css">
    <link rel="stylesheet" href="/styles/controls.css">
    <link rel="stylesheet" href="/styles/decide.css">
  </head>
  <body>
    <main class="decide">
      <h1>${title}</h1>
      <p>Answer what you know about your project. The tool says which back end suits it, how sure that is, and what would change the answer. <a href="/">Back to the demo</a></p>
      ${content}
    </main>
  </body>
</html>
`
  return page.text
}

function renderAll({ questions, projects }: Questionnaire, { answers, isComplete }: Form) {
  return html`
      <h2>${isComplete ? 'Change an answer' : 'Your project'}</h2>
      <p><a href="${addressOf(answers, 1)}">One question at a time</a>, or all at once:</p>
      <form method="get" action="/decide">
        ${questions.map((question) => renderQuestion(question, answers))}
        <button class="button button-primary">Decide</button>
        <a href="/decide">Start again</a>
      </form>
      <h2>Typical projects</h2>
      <p>${projects.map((project, index) => html`${index > 0 && ' · '}<a href="${addressOf(project.answers)}">${project.title}</a>`)}</p>`
}

function renderStep({ questions }: Questionnaire, answers: Answers, step: number) {
  const question = questions[step - 1]
  if (!question) return null
  const others = Object.entries(answers).filter(([questionId]) => questionId !== question.questionId)
  return html`
      <h2>Question ${step} of ${questions.length}</h2>
      <form method="get" action="/decide">
        ${others.map(([questionId, answerId]) => html`<input type="hidden" name="${questionId}" value="${answerId}">`)}
        <input type="hidden" name="step" value="${step + 1}">
        ${renderQuestion(question, answers)}
        <button class="button button-primary">${step === questions.length ? 'Decide' : 'Next'}</button>
        ${step > 1 && html`<a href="${addressOf(answers, step - 1)}">Back</a>`}
        <a href="${addressOf(answers)}">All questions at once</a>
      </form>`
}

function renderQuestion({ questionId, text, answers: choices }: Questionnaire['questions'][number], answers: Answers) {
  const options = [...choices, { answerId: '', text: "I don't know" }]
  const given = answers[questionId] ?? ''
  return html`
        <fieldset>
          <legend>${text}</legend>
          ${options.map(
            ({ answerId, text }) => html`
          <label><input type="radio" name="${questionId}" value="${answerId}"${answerId === given && html` checked`}> ${text}</label>`,
          )}
        </fieldset>`
}

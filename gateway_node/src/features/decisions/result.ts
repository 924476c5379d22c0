// A decision as HTML: in words, as a picture with intervals, and with the evidence of each criterion.
import type { Answers, Decision } from '../../clients/recommender/recommender.ts'
import { addressOf } from './form.ts'
import { type Html, html } from './html.ts'

const names: Record<string, string> = { node: 'Node', python: 'Python', both: 'Both' }
/** The picture, in its own units. */
const rowHeight = 44
const left = 70
const width = 420
const numbers = 150

export function renderResult(decision: Decision, answers: Answers): Html {
  const [headline = '', ...sentences] = decision.summary
  return html`
      <section class="decide-result" aria-labelledby="answer">
        <h2 id="answer">${headline}</h2>
        ${sentences.map((sentence) => html`<p>${sentence}</p>`)}
        ${renderPicture(decision)}
        <p>
          <a class="button" href="${addressOf(answers, undefined, '/decide/record.md')}">Download the decision record (Markdown)</a>
          <a href="${addressOf(answers)}">Address of this result</a>
        </p>
        ${renderCriteria(decision)}
        <h3>What is not known</h3>
        ${renderList(decision.unknowns)}
        <h3>Whose interest this is, and when not to follow it</h3>
        <p>${decision.agenda.statement} These criteria favour it: ${decision.agenda.favouring.join('; ')}.</p>
        ${renderList(decision.agenda.whenNot)}
      </section>`
}

function renderPicture({ options }: Decision): Html {
  const words = options.map(
    ({ option, share, mean }) => `${names[option]} ${mean.toFixed(2)}, best in ${toPercent(share)}`,
  )
  const height = options.length * rowHeight + 24
  return html`
        <figure>
          <svg viewBox="0 0 ${left + width + numbers} ${height}" role="img" aria-label="${words.join('; ')}">
            ${options.map((option, index) => renderBar(option, index * rowHeight))}
            ${[0, 0.5, 1].map((value) => html`<text class="decide-tick" x="${toX(value)}" y="${height - 6}">${value}</text>`)}
          </svg>
          <figcaption>Bars: the weighted sum of the scores, from 0 to 1. Lines: 90 % of the weights and scores that may be true.</figcaption>
        </figure>`
}

function renderBar({ option, share, mean, low, high }: Decision['options'][number], top: number): Html {
  const middle = top + rowHeight / 2
  return html`
            <text x="0" y="${middle + 5}">${names[option] ?? option}</text>
            <rect class="decide-rail" x="${left}" y="${top + 8}" width="${width}" height="${rowHeight - 16}"/>
            <rect class="decide-bar" x="${left}" y="${top + 8}" width="${toX(mean) - left}" height="${rowHeight - 16}"/>
            <path class="decide-interval" d="M${toX(low)} ${middle - 7}v14M${toX(low)} ${middle}H${toX(high)}M${toX(high)} ${middle - 7}v14"/>
            <text x="${left + width + 12}" y="${middle + 5}">best in ${toPercent(share)}</text>`
}

function renderCriteria({ criteria, options: [first, second] }: Decision): Html {
  const leadName = second ? `${names[first?.option ?? '']} before ${names[second.option]}` : 'Lead'
  const rows = criteria.map(
    ({ title, weight, lead, scale, reason, evidence: { text, command } }) => html`
            <tr>
              <th scope="row">${title}</th>
              <td data-name="Weight">${toPercent(weight)}</td>
              <td data-name="${leadName}">${toLead(lead)}</td>
              <td>${text}.${command && html` Repeat: <code>${command}</code>.`} ${reason} <small>Scale: ${scale}</small></td>
            </tr>`,
  )
  return html`
        <h3>Why</h3>
        <table>
          <thead><tr><th scope="col">Criterion</th><th scope="col">Weight</th><th scope="col">${leadName}</th><th scope="col">Evidence and reason</th></tr></thead>
          <tbody>${rows}
          </tbody>
        </table>`
}

function renderList(lines: string[]): Html {
  return html`<ul>${lines.map((line) => html`<li>${line}</li>`)}</ul>`
}

const toX = (value: number) => Math.round(left + value * width)
const toLead = (lead: number) => (Math.abs(lead) < 0.005 ? '0' : `${lead > 0 ? '+' : ''}${lead.toFixed(2)}`)
const toPercent = (part: number) => `${Math.round(part * 100)} %`

/** Background jobs: a form to start one, and the newest jobs. */
import { useEffect, useState } from 'preact/hooks'
import { html } from '../html.js'
import { jobKinds, readParams, refreshJobKinds } from '../state/job-kinds.js'
import { jobs, jobsFailure, refreshJobs, startJob } from '../state/jobs.js'
import { JobCard } from './job-card.js'
import { Failure, Panel, StaleMark } from './panel.js'

/** @typedef {import('../shapes.js').JobKind} JobKind */
/** @typedef {import('../shapes.js').JobField} JobField */

const inputTypes = { integer: 'number', number: 'number', boolean: 'checkbox' }

export const JobsPanel = () => html`
  <${Panel} id="jobs" title="Jobs" flow="flow 3 · delegate" aside=${html`<${StaleMark} />`}>
    <${NewJob} />
    ${jobsFailure.value && html`<${Failure} what="The jobs can’t be listed" error=${jobsFailure.value} retry=${refreshJobs} />`}
    ${jobs.value.length > 0 && html`<ul class="jobs" aria-label="Newest jobs">${jobs.value.map((job) => html`<${JobCard} key=${job.jobId} job=${job} />`)}</ul>`}
  </${Panel}>
`

/** The form, once the page knows the kinds of job. */
function NewJob() {
  const [failure, setFailure] = useState(/** @type {(Error & {reason?: string}) | null} */ (null))
  const load = () => {
    setFailure(null)
    refreshJobKinds().catch(setFailure)
  }
  useEffect(load, [])
  if (failure) return html`<${Failure} what="The kinds of job can’t be listed" error=${failure} retry=${load} />`
  return jobKinds.value.length > 0 && html`<${JobForm} kinds=${jobKinds.value} />`
}

/** @param {{kinds: JobKind[]}} props */
function JobForm({ kinds }) {
  const [kind, setKind] = useState(kinds[0])
  const start = (event) => {
    event.preventDefault()
    startJob(kind.name, readParams(kind, new FormData(event.currentTarget)))
  }
  return html`
    <form class="job-form" onSubmit=${start}>
      <fieldset class="segments">
        <legend class="visually-hidden">Kind of job</legend>
        ${kinds.map(
          (other) => html`
            <label key=${other.name} class="segment">
              <input type="radio" name="kind" value=${other.name} checked=${kind === other} onChange=${() => setKind(other)} />
              <span>${toLabel(other.name)}</span>
            </label>
          `,
        )}
      </fieldset>
      <p class="quiet">${kind.description}</p>
      <details>
        <summary>Options</summary>
        <div class="options" key=${kind.name}>${kind.fields.map((field) => html`<${ParamField} key=${field.name} field=${field} />`)}</div>
      </details>
      <button class="button button-primary button-wide" type="submit">${toLabel(kind.name)}</button>
    </form>
  `
}

/** The input of one parameter, by the type in its schema. @param {{field: JobField}} props */
function ParamField({ field: { name, type, description, items, minimum, maximum, default: byDefault } }) {
  if (type === 'array')
    return html`
      <fieldset class="checks" title=${description}>
        <legend>${toLabel(name)} (none: all)</legend>
        ${items?.enum?.map((value) => html`<label key=${value}><input type="checkbox" name=${name} value=${value} /> ${value}</label>`)}
      </fieldset>
    `
  return html`
    <label class="number-field" title=${description}>
      <span>${toLabel(name)}</span>
      <input type=${inputTypes[type ?? ''] ?? 'text'} name=${name} min=${minimum} max=${maximum} step=${type === 'integer' ? 1 : 'any'} placeholder=${byDefault} />
    </label>
  `
}

/** `itemLimit` becomes “Item limit”. @param {string} name */
function toLabel(name) {
  const words = name.replaceAll('_', ' ').replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
  return words.charAt(0).toUpperCase() + words.slice(1)
}

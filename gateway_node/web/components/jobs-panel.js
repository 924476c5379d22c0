/** Background jobs: start one, and follow the newest. */
import { useState } from 'preact/hooks'
import { html } from '../html.js'
import { jobs, jobsFailure, refreshJobs, startJob } from '../state/jobs.js'
import { JobCard } from './job-card.js'
import { Failure, Panel, StaleMark } from './panel.js'

const kinds = {
  train: { label: 'Train', hint: 'Chooses a model by cross-validation and rolls it out unless it is worse.' },
  evaluate: { label: 'Evaluate', hint: 'Measures each estimator on a held-out part.' },
  export: { label: 'Export', hint: 'Writes the top films of every user to a CSV file.' },
}
const kindNames = /** @type {import('../shapes.js').JobKind[]} */ (Object.keys(kinds))
const estimators = ['ease', 'svd', 'item_knn', 'popularity']

export const JobsPanel = () => html`
  <${Panel} id="jobs" title="Jobs" flow="flow 3 · delegate" aside=${html`<${StaleMark} />`}>
    <${JobForm} />
    ${jobsFailure.value && html`<${Failure} what="The jobs can’t be listed" error=${jobsFailure.value} retry=${refreshJobs} />`}
    ${jobs.value.length > 0 && html`<ul class="jobs" aria-label="Newest jobs">${jobs.value.map((job) => html`<${JobCard} key=${job.jobId} job=${job} />`)}</ul>`}
  </${Panel}>
`

function JobForm() {
  const [kind, setKind] = useState(/** @type {import('../shapes.js').JobKind} */ ('train'))
  const start = (event) => {
    event.preventDefault()
    startJob(kind, readParams(new FormData(event.currentTarget)))
  }
  return html`
    <form class="job-form" onSubmit=${start}>
      <fieldset class="segments">
        <legend class="visually-hidden">Kind of job</legend>
        ${kindNames.map(
          (name) => html`
            <label key=${name} class="segment">
              <input type="radio" name="kind" value=${name} checked=${kind === name} onChange=${() => setKind(name)} />
              <span>${kinds[name].label}</span>
            </label>
          `,
        )}
      </fieldset>
      <p class="quiet">${kinds[kind].hint}</p>
      <details>
        <summary>Options</summary>
        <div class="options" key=${kind}>${kind === 'export' ? html`<${ExportOptions} />` : html`<${ModelOptions} isTraining=${kind === 'train'} />`}</div>
      </details>
      <button class="button button-primary button-wide" type="submit">${kinds[kind].label}</button>
    </form>
  `
}

const ExportOptions = () =>
  html`<${NumberField} name="limit" label="Films for each user" min=${1} max=${100} placeholder="10" />`

/** @param {{isTraining: boolean}} props */
const ModelOptions = ({ isTraining }) => html`
  <fieldset class="checks">
    <legend>Estimators (none: all)</legend>
    ${estimators.map((name) => html`<label key=${name}><input type="checkbox" name="estimators" value=${name} /> ${name}</label>`)}
  </fieldset>
  ${isTraining && html`<${NumberField} name="folds" label="Folds" min=${2} max=${10} placeholder="3" />`}
  <${NumberField} name="seed" label="Seed" min=${0} max=${4294967295} placeholder="42" />
`

/** @param {{name: string, label: string, min: number, max: number, placeholder: string}} props */
const NumberField = ({ name, label, min, max, placeholder }) => html`
  <label class="number-field"><span>${label}</span><input type="number" name=${name} min=${min} max=${max} step="1" placeholder=${placeholder} /></label>
`

/** Only what was filled in: the gateway knows the defaults. */
function readParams(form) {
  const chosen = form.getAll('estimators')
  const numbers = ['folds', 'seed', 'limit']
    .filter((name) => form.get(name))
    .map((name) => [name, Number(form.get(name))])
  return { ...(chosen.length > 0 && { estimators: chosen }), ...Object.fromEntries(numbers) }
}

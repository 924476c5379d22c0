/** The model versions, with the live one marked and a button to promote each other one. */
import { formatDayAndClock, formatFilms, formatMetrics } from '../format.js'
import { html } from '../html.js'
import { isTraining, startJob } from '../state/jobs.js'
import { models, modelsFailure, promoteModel, promoting, refreshModels } from '../state/models.js'
import { Failure, Panel, StaleMark } from './panel.js'

export const ModelsPanel = () => html`
  <${Panel} id="models" title="Model versions" flow="flow 4 · roll out" aside=${html`<${StaleMark} />`}>
    ${modelsFailure.value && html`<${Failure} what="The versions can’t be listed" error=${modelsFailure.value} retry=${refreshModels} />`}
    ${models.value.length === 0 && !modelsFailure.value && html`<p class="quiet">No version yet. Train one.</p>`}
    ${models.value.length > 0 && html`<${ModelList} />`}
  </${Panel}>
`

const ModelList = () => html`
  <ul class="models" tabindex="0" aria-label="Newest first">${models.value.map((model) => html`<${ModelRow} key=${model.version} model=${model} />`)}</ul>
`

/** @param {{model: import('../shapes.js').Model}} props */
const ModelRow = ({ model }) => html`
  <li class="model ${model.live ? 'model-live' : ''}">
    <p class="model-head">
      <strong>${model.estimator}</strong>
      ${model.live ? html`<span class="badge badge-good">live</span>` : html`<${PromoteButton} model=${model} />`}
    </p>
    <p class="model-facts quiet">
      <code>${model.version}</code>
      <time datetime=${model.createdAt}>${formatDayAndClock(model.createdAt)}</time>
      ${formatMetrics(model.metrics ?? {}).map(({ name, value }) => html`<span key=${name}>${name} ${value}</span>`)}
      ${Object.entries(model.params ?? {})
        .sort()
        .map(([name, value]) => html`<span key="param-${name}"><code>${name} = ${JSON.stringify(value)}</code></span>`)}
    </p>
    ${model.live && model.stale && html`<${StaleVersion} model=${model} />`}
  </li>
`

/** Says that the live version lacks imported data, and offers a training. @param {{model: import('../shapes.js').Model}} props */
const StaleVersion = ({ model }) => html`
  <p class="model-stale">
    Data was imported after this version was trained.
    ${model.unknownItems > 0 && ` It doesn’t know ${formatFilms(model.unknownItems)} of the catalogue.`}
    ${isTraining.value ? 'A training runs.' : html`<button type="button" class="button button-small" onClick=${() => startJob('train', {})}>Train a new version</button>`}
  </p>
`

/** @param {{model: import('../shapes.js').Model}} props */
const PromoteButton = ({ model }) => html`
  <button type="button" class="button button-small" aria-disabled=${promoting.value !== null} aria-label="Promote version ${model.version}" onClick=${() => promoteModel(model)}>
    ${promoting.value === model.version ? 'Promoting …' : 'Promote'}
  </button>
`

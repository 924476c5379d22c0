/** The frame of the page: the sign-in, or header, columns and footer. Only the operator has the third column. */
import { html } from '../html.js'
import { isOperator, session } from '../state/session.js'
import { ActivityPanel } from './activity-panel.js'
import { CataloguePanel } from './catalogue-panel.js'
import { HistoryPanel } from './history-panel.js'
import { ItemDialog } from './item-dialog.js'
import { JobsPanel } from './jobs-panel.js'
import { ModelsPanel } from './models-panel.js'
import { Notices } from './notices.js'
import { PageHeader } from './page-header.js'
import { RecommendationsPanel } from './recommendations-panel.js'
import { SignIn } from './sign-in.js'
import { StatsPanel } from './stats-panel.js'
import { ViewerPanel } from './viewer-panel.js'

export const App = () => (session.value === null ? html`<${SignedOut} />` : html`<${SignedIn} />`)

const SignedOut = () => html`
  <${PageHeader} />
  <${Notices} />
  <${SignIn} />
`

const SignedIn = () => html`
  <a class="skip" href="#recommendations" onClick=${skipToList}>Skip to the recommendations</a>
  <${PageHeader} />
  <${Notices} />
  <main class="columns ${isOperator.value ? '' : 'columns-viewer'}">
    <div class="column column-viewer">
      <${ViewerPanel} />
      <${HistoryPanel} />
    </div>
    <div class="column column-list">
      <${RecommendationsPanel} />
      <${CataloguePanel} />
    </div>
    ${isOperator.value && html`<div class="column column-system"><${JobsPanel} /><${ModelsPanel} /><${ActivityPanel} /></div>`}
  </main>
  <${StatsPanel} />
  <${ItemDialog} />
`

/** Moves the focus without changing the address, because the address contains the chosen user. */
function skipToList(event) {
  event.preventDefault()
  document.getElementById('recommendations')?.focus()
}

/** The page's frame: header, three columns, the gateway's line. */
import { html } from '../html.js'
import { ActivityPanel } from './activity-panel.js'
import { CataloguePanel } from './catalogue-panel.js'
import { HistoryPanel } from './history-panel.js'
import { ItemDialog } from './item-dialog.js'
import { JobsPanel } from './jobs-panel.js'
import { ModelsPanel } from './models-panel.js'
import { Notices } from './notices.js'
import { PageHeader } from './page-header.js'
import { RecommendationsPanel } from './recommendations-panel.js'
import { StatsPanel } from './stats-panel.js'
import { ViewerPanel } from './viewer-panel.js'

export const App = () => html`
  <a class="skip" href="#recommendations" onClick=${skipToList}>Skip to the recommendations</a>
  <${PageHeader} />
  <${Notices} />
  <main class="columns">
    <div class="column column-viewer">
      <${ViewerPanel} />
      <${HistoryPanel} />
    </div>
    <div class="column column-list">
      <${RecommendationsPanel} />
      <${CataloguePanel} />
    </div>
    <div class="column column-system">
      <${JobsPanel} />
      <${ModelsPanel} />
      <${ActivityPanel} />
    </div>
  </main>
  <${StatsPanel} />
  <${ItemDialog} />
`

/** The address holds the chosen user, so the link moves the focus without touching it. */
function skipToList(event) {
  event.preventDefault()
  document.getElementById('recommendations')?.focus()
}

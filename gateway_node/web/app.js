/**
 * Starts the page, in this order: the sign-in, the first render, the subscriptions.
 */
import { effect, untracked } from '@preact/signals'
import { render } from 'preact'
import { App } from './components/app.js'
import { keepFocus } from './focus.js'
import { html } from './html.js'
import { onLiveOpen, startLive } from './live.js'
import { startActivity } from './state/activity.js'
import { startStats } from './state/gateway.js'
import { followHistory, historyFailure, refreshHistory } from './state/history.js'
import { startJobs } from './state/jobs.js'
import { modelsFailure, refreshModels, startModels } from './state/models.js'
import { showSocketErrors } from './state/notices.js'
import { startRatings } from './state/ratings.js'
import {
  askRecommendations,
  followRecommendations,
  onListArrival,
  recommendationsFailure,
} from './state/recommendations.js'
import { freshToken, isOperator, startSession, takeFocusedPanel } from './state/session.js'
import { refreshViewer, startViewer, viewerFailure, viewerId } from './state/viewer.js'

const root = /** @type {HTMLElement} */ (document.getElementById('page'))
const isSignedIn = await startSession()
root.replaceChildren()
render(html`<${App} />`, root)
if (isSignedIn) start()
keepFocus(root)
document.getElementById(takeFocusedPanel() ?? '')?.focus()

function start() {
  effect(() => {
    const userId = viewerId.value
    if (userId !== null) untracked(() => follow(userId))
  })
  showSocketErrors()
  startRatings()
  if (isOperator.value) startOperator()
  startStats()
  startViewer()
  startLive(freshToken)
  onLiveOpen(retryWhatFailed)
  onListArrival(({ isDegraded }) => !isDegraded && retryWhatFailed())
}

/** Starts the parts that only the operator sees. */
function startOperator() {
  startModels()
  startJobs()
  startActivity()
}

function follow(userId) {
  followRecommendations(userId)
  followHistory()
}

/** Sends failed requests again. An open socket shows that a gateway is back, a list that isn't degraded shows that the recommender is. */
function retryWhatFailed() {
  if (recommendationsFailure.value) askRecommendations()
  if (viewerFailure.value) refreshViewer()
  if (historyFailure.value) refreshHistory()
  if (modelsFailure.value) refreshModels()
}

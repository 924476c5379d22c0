/**
 * The page's start: what is followed, in order, and the first render.
 */
import { effect, untracked } from '@preact/signals'
import { render } from 'preact'
import { App } from './components/app.js'
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
import { refreshViewer, startViewer, viewerFailure, viewerId } from './state/viewer.js'

const root = /** @type {HTMLElement} */ (document.getElementById('page'))
root.replaceChildren()
render(html`<${App} />`, root)

effect(() => {
  const userId = viewerId.value
  if (userId !== null) untracked(() => follow(userId))
})

showSocketErrors()
startRatings()
startModels()
startJobs()
startActivity()
startStats()
startViewer()
startLive()
onLiveOpen(retryWhatFailed)
onListArrival(({ isDegraded }) => !isDegraded && retryWhatFailed())

function follow(userId) {
  followRecommendations(userId)
  followHistory()
}

/** A socket that opens again means that a gateway is back; a list that isn't degraded, that the recommender is. */
function retryWhatFailed() {
  if (recommendationsFailure.value) askRecommendations()
  if (viewerFailure.value) refreshViewer()
  if (historyFailure.value) refreshHistory()
  if (modelsFailure.value) refreshModels()
}

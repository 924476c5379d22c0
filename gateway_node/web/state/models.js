/**
 * The model versions, and which one is live.
 * @import {Model} from '../shapes.js'
 */
import { computed, signal } from '@preact/signals'
import { ask } from '../api.js'
import { listen } from '../live.js'
import { notify } from './notices.js'

const VERSIONS_SHOWN = 20

/** Newest first. @type {import('@preact/signals').Signal<Model[]>} */
export const models = signal([])
/** @type {import('@preact/signals').Signal<(Error & {reason?: string}) | null>} */
export const modelsFailure = signal(null)
/** The version that is being promoted. @type {import('@preact/signals').Signal<string | null>} */
export const promoting = signal(null)
/** @type {import('@preact/signals').ReadonlySignal<Model | null>} */
export const liveModel = computed(() => models.value.find(({ live }) => live) ?? null)

/** Lists the versions, and lists them again when another one goes live. */
export function startModels() {
  listen('models', refreshModels)
  refreshModels()
}

/** Lists the versions again. */
export async function refreshModels() {
  try {
    const { body } = await ask('/v1/models', { query: { pageSize: VERSIONS_SHOWN } })
    models.value = body.models
    modelsFailure.value = null
  } catch (error) {
    modelsFailure.value = error
  }
}

/** @param {Model} model */
export async function promoteModel(model) {
  if (promoting.value !== null) return
  promoting.value = model.version
  try {
    await ask(`/v1/models/${encodeURIComponent(model.version)}/promote`, { method: 'POST' })
    await refreshModels()
  } catch (error) {
    notify(`Version ${model.version} wasn’t promoted`, error, () => promoteModel(model))
  } finally {
    promoting.value = null
  }
}

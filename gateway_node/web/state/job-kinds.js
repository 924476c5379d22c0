/**
 * The kinds of job, as /openapi.json describes them. The page names no kind itself, so a new kind appears without a change here.
 * @import {JobKind} from '../shapes.js'
 */
import { signal } from '@preact/signals'
import { ask } from '../api.js'

/** @type {import('@preact/signals').Signal<JobKind[]>} */
export const jobKinds = signal([])

/** Loads the kinds. On a failure the list stays empty, and the panel offers a retry. */
export async function refreshJobKinds() {
  const { body } = await ask('/openapi.json', { isOpen: true })
  const [{ schema }] = Object.values(body.paths['/v1/jobs'].post.requestBody.content)
  jobKinds.value = schema.anyOf.map(({ title, description, properties }) => ({
    name: title,
    description,
    fields: Object.entries(properties.params.properties).map(([name, field]) => ({ name, ...field })),
  }))
}

/**
 * Reads the filled-in fields of a form. Fields that are left empty are absent: the worker knows their defaults.
 * @param {JobKind} kind @param {FormData} form @returns {Record<string, unknown>}
 */
export function readParams({ fields }, form) {
  const values = fields.map(({ name, type }) => [
    name,
    readField(
      type,
      form.getAll(name).filter((text) => text !== ''),
    ),
  ])
  return Object.fromEntries(values.filter(([, value]) => value !== undefined))
}

/** @param {string | undefined} type @param {FormDataEntryValue[]} given */
function readField(type, given) {
  if (given.length === 0) return undefined
  if (type === 'array') return given
  if (type === 'boolean') return true
  return type === 'integer' || type === 'number' ? Number(given[0]) : given[0]
}

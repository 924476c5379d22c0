/**
 * The result tables of evaluations. They never change, so each is read once.
 * @import {Job} from '../shapes.js'
 */
import { signal } from '@preact/signals'
import { askText } from '../api.js'
import { resultAddress } from './jobs.js'

/** @typedef {Record<string, string>} RankingRow  one estimator: `model`, `params`, `selected` and its metrics */
/** @typedef {{rows: RankingRow[] | null, failure: (Error & {reason?: string}) | null}} Ranking */

/** By job id. @type {import('@preact/signals').Signal<Map<string, Ranking>>} */
export const rankings = signal(new Map())

/** @param {Job} job  a finished evaluation */
export async function readRanking(job) {
  const known = rankings.value.get(job.jobId)
  if (known && !known.failure) return
  put(job, { rows: null, failure: null })
  try {
    put(job, { rows: parseCsv(await askText(resultAddress(job))), failure: null })
  } catch (failure) {
    put(job, { rows: null, failure })
  }
}

/** @param {Job} job @param {Ranking} ranking */
function put(job, ranking) {
  rankings.value = new Map(rankings.value).set(job.jobId, ranking)
}

/** @param {string} text @returns {RankingRow[]} */
function parseCsv(text) {
  const [names = [], ...rows] = text.trim().split(/\r?\n/).map(parseCsvLine)
  return rows.map((fields) => Object.fromEntries(names.map((name, place) => [name, fields[place] ?? ''])))
}

function parseCsvLine(line) {
  const fields = line.match(/("([^"]|"")*"|[^,]*)(,|$)/g) ?? []
  // The pattern also matches the end of the line, as an empty field.
  return fields.slice(0, line.endsWith(',') ? undefined : -1).map((field) => unquote(field.replace(/,$/, '')))
}

const unquote = (field) => (field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field)

/** Formats numbers, times and metrics for display. */

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium', hourCycle: 'h23' })
const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' })
const dayAndClock = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short', hourCycle: 'h23' })
const count = new Intl.NumberFormat()

/** @param {number} milliseconds */
export function formatMs(milliseconds) {
  if (milliseconds >= 10_000) return `${(milliseconds / 1000).toFixed(1)} s`
  return `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`
}

/** @param {number} seconds */
export function formatDuration(seconds) {
  const whole = Math.max(0, Math.floor(seconds))
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  if (whole < 86_400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
  return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3600)} h`
}

/** @param {number} value */
export const formatCount = (value) => count.format(value)

/** `1 film`, `2 films`. @param {number} value @param {string} one @param {string} many */
const formatNumber = (value, one, many) => `${formatCount(value)} ${value === 1 ? one : many}`

/** @param {number} value */
export const formatFilms = (value) => formatNumber(value, 'film', 'films')

/** @param {number} value  from 0.5 to 5 */
export const formatStars = (value) => formatNumber(value, 'star', 'stars')

/** @param {string | number} time RFC 3339, or milliseconds since 1970 */
export const formatClock = (time) => clock.format(new Date(time))

/** @param {string} time RFC 3339 */
export const formatDay = (time) => day.format(new Date(time))

/** @param {string} time RFC 3339 */
export const formatDayAndClock = (time) => dayAndClock.format(new Date(time))

/** Formats a metric between 0 and 1 with four digits, `.4855`, and a whole number, such as a count, without digits. @param {number} value */
export function formatMetric(value) {
  return Number.isInteger(value) && value > 1 ? count.format(value) : value.toFixed(4).replace(/^(-?)0\./, '$1.')
}

/** @param {number} bytes */
export function formatBytes(bytes) {
  if (bytes < 1024) return formatNumber(bytes, 'byte', 'bytes')
  return bytes < 1024 * 1024 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / 1024 / 1024).toFixed(1)} MiB`
}

/** `Toy Story (1995)`. @param {{title: string, year?: number | null}} item */
export const formatTitle = ({ title, year }) => (year ? `${title} (${year})` : title)

/** Short names of metrics, in display order. */
const metricNames = {
  ndcg_at_10: 'nDCG@10',
  map: 'MAP',
  precision_at_10: 'P@10',
  recall_at_10: 'R@10',
  coverage_at_10: 'coverage',
  popularity_bias: 'popularity bias',
}

/** Returns the short name of a known metric, and any other name with spaces for underscores. @param {string} name */
export const formatMetricName = (name) => metricNames[name] ?? name.replaceAll('_', ' ')

/**
 * Returns names and values in a stable order, the known ones first, and an interval beside its metric: `.4813 ± .0054`.
 * @param {Record<string, number>} metrics
 */
export function formatMetrics(metrics) {
  const known = Object.keys(metricNames).filter((name) => name in metrics)
  const others = Object.keys(metrics).filter((name) => !(name in metricNames) && !isInterval(name, metrics))
  return [...known, ...others.sort()].map((name) => ({
    name: formatMetricName(name),
    value: formatWithInterval(name, metrics),
  }))
}

const intervalOf = (name) => `${name}_interval`
const isInterval = (name, metrics) => Object.keys(metrics).some((metric) => intervalOf(metric) === name)

/** @param {string} name @param {Record<string, number | string>} metrics  numbers, also as text */
export function formatWithInterval(name, metrics) {
  const value = formatMetric(Number(metrics[name]))
  const interval = metrics[intervalOf(name)]
  return interval === undefined ? value : `${value} ± ${formatMetric(Number(interval))}`
}

/**
 * An input for half a star to five stars, by mouse, or by arrow keys and Enter.
 * It is one slider: ten buttons on each of ten rows would be a hundred stops of the Tab key.
 */
import { useState } from 'preact/hooks'
import { formatStars } from '../format.js'
import { html } from '../html.js'

const LOWEST = 0.5
const HIGHEST = 5

/** @param {{title: string, value: number | null, onRate: (rating: number) => void}} props */
export function Stars({ title, value, onRate }) {
  const [draft, setDraft] = useState(/** @type {number | null} */ (null))
  const shown = draft ?? value
  const commit = (rating) => {
    setDraft(null)
    if (rating !== null) onRate(rating)
  }
  return html`
    <span class="stars-field">
      <span
        class="stars ${draft === null ? '' : 'stars-draft'}"
        role="slider"
        tabindex="0"
        aria-label="Rate ${title}"
        aria-valuemin=${LOWEST}
        aria-valuemax=${HIGHEST}
        aria-valuenow=${shown ?? LOWEST}
        aria-valuetext=${describe(draft, value)}
        onPointerMove=${(event) => setDraft(ratingAt(event))}
        onPointerDown=${(event) => setDraft(ratingAt(event))}
        onPointerLeave=${() => setDraft(null)}
        onClick=${(event) => commit(ratingAt(event))}
        onBlur=${() => setDraft(null)}
        onKeyDown=${(event) => onKey(event, { draft, value, setDraft, commit })}
      >
        <span class="stars-empty" aria-hidden="true">★★★★★</span>
        <span class="stars-full" aria-hidden="true" style=${{ width: `${((shown ?? 0) / HIGHEST) * 100}%` }}>★★★★★</span>
      </span>
      <span class="stars-figure" aria-hidden="true">${shown === null ? '' : shown.toFixed(1)}</span>
    </span>
  `
}

/** Stars that show a rating, without input. @param {{rating: number}} props */
export const StarsShown = ({ rating }) => html`
  <span class="stars stars-small" role="img" aria-label="${rating} of ${HIGHEST} stars">
    <span class="stars-empty" aria-hidden="true">★★★★★</span>
    <span class="stars-full" aria-hidden="true" style=${{ width: `${(rating / HIGHEST) * 100}%` }}>★★★★★</span>
  </span>
`

function describe(draft, value) {
  if (draft !== null) return `${formatStars(draft)}, press Enter to rate`
  return value === null ? 'not rated' : formatStars(value)
}

function ratingAt({ clientX, currentTarget }) {
  const { left, width } = currentTarget.getBoundingClientRect()
  return clamp(Math.ceil(((clientX - left) / width) * HIGHEST * 2) / 2)
}

function onKey(event, { draft, value, setDraft, commit }) {
  const current = draft ?? value ?? 0
  const drafts = {
    ArrowRight: current + 0.5,
    ArrowUp: current + 0.5,
    ArrowLeft: current - 0.5,
    ArrowDown: current - 0.5,
    Home: LOWEST,
    End: HIGHEST,
  }
  if (event.key in drafts) setDraft(clamp(drafts[event.key]))
  else if (event.key === 'Enter' || event.key === ' ') commit(draft)
  else if (event.key === 'Escape' && draft !== null) setDraft(null)
  else return
  // Escape clears the draft; it must not also close the dialog around it.
  event.preventDefault()
  event.stopPropagation()
}

const clamp = (rating) => Math.min(HIGHEST, Math.max(LOWEST, rating))

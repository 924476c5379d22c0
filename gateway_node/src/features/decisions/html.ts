// Templates for pages that the gateway writes: html`<p>${text}</p>` escapes every value that isn't itself such a template.

export class Html {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

type Value = Html | string | number | false | null | Value[]

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** A list is joined; `false` and `null` leave nothing. */
export function html(parts: TemplateStringsArray, ...values: Value[]): Html {
  return new Html(parts.map((part, index) => part + toText(values[index] ?? null)).join(''))
}

function toText(value: Value): string {
  if (value === null || value === false) return ''
  if (Array.isArray(value)) return value.map(toText).join('')
  if (value instanceof Html) return value.text
  return String(value).replace(/[&<>"']/g, (character) => entities[character] ?? '')
}

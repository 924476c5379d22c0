// Fakes of a browser for tests of the page's modules: storage, global objects, and a gateway with fixed answers.
import type { TestContext } from 'node:test'
import type { VNode } from 'preact'

/** Fakes a gateway with fixed answers by path; any other path gets a 404. Returns the requested paths with their queries. */
export function answerWith(t: TestContext, answers: Record<string, (query: URLSearchParams) => unknown>): string[] {
  const asked: string[] = []
  t.mock.method(globalThis, 'fetch', async (address: string) => {
    asked.push(address)
    const { pathname, searchParams } = new URL(address, 'http://gateway')
    const answer = answers[pathname]
    return answer === undefined
      ? Response.json({ reason: 'USER_UNKNOWN', detail: 'Nobody.' }, { status: 404 })
      : Response.json(answer(searchParams))
  })
  return asked
}

/** Defines a global object of a browser until the test ends. */
export function provide<Value>(t: TestContext, name: string, value: Value): Value {
  const before = Object.getOwnPropertyDescriptor(globalThis, name)
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true })
  t.after(() => {
    if (before) Object.defineProperty(globalThis, name, before)
    else Reflect.deleteProperty(globalThis, name)
  })
  return value
}

export function createStorage(): Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> {
  const values = new Map<string, string>()
  return {
    getItem: (name) => values.get(name) ?? null,
    setItem: (name, value) => void values.set(name, value),
    removeItem: (name) => void values.delete(name),
  }
}

type Rendered =
  | VNode<{ children?: unknown; title?: string }>
  | string
  | number
  | boolean
  | null
  | undefined
  | Rendered[]

/** Returns the text and the tooltips of rendered components. Only for components without hooks. */
export function textOf(rendered: unknown): string {
  const node = rendered as Rendered
  if (Array.isArray(node)) return node.map(textOf).join('')
  if (typeof node === 'string' || typeof node === 'number') return String(node)
  if (node === null || typeof node !== 'object') return ''
  const { type, props } = node
  if (typeof type === 'function') return textOf((type as (given: typeof props) => unknown)(props))
  return `${props.title ?? ''}${textOf(props.children)}`
}

/** Returns the click handler of the button with this text. Only for components without hooks. */
export function clickable(rendered: unknown, text: string): () => unknown {
  const found = buttons(rendered).find((button) => textOf(button).trim() === text)
  if (!found) throw new Error(`no button ${text}`)
  return found.props.onClick
}

function buttons(rendered: unknown): VNode<{ onClick: () => unknown }>[] {
  if (Array.isArray(rendered)) return rendered.flatMap(buttons)
  if (rendered === null || typeof rendered !== 'object') return []
  const node = rendered as VNode<{ onClick: () => unknown; children?: unknown }>
  const { type, props } = node
  if (typeof type === 'function') return buttons((type as (given: typeof props) => unknown)(props))
  return type === 'button' ? [node] : buttons(props.children)
}

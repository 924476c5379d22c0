import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import { keepFocus } from '../../web/focus.js'
import { signIn, signOut, takeFocusedPanel } from '../../web/state/session.js'
import { createStorage, provide } from './browser.ts'

const web = new URL('../../web/', import.meta.url)
const read = (folder: string) =>
  readdirSync(new URL(folder, web)).map((name) => readFileSync(new URL(`${folder}${name}`, web), 'utf8'))

test('every scrolling frame can have the focus and has a name', () => {
  const rules = read('styles/').flatMap((css) => [
    ...css.matchAll(/\.([\w-]+) \{[^}]*overflow(?:-[xy])?: (?:auto|scroll)/g),
  ])
  const scrolling = rules.map(([, name]) => name)
  const tags = read('components/').flatMap((source) => [...source.matchAll(/<\w+ class="([\w-]+)"[^>]*>/g)])

  const opened = tags.filter(([, name]) => scrolling.includes(name))

  assert.deepEqual([...new Set(opened.map(([, name]) => name))].sort(), [...scrolling].sort())
  for (const [tag] of opened) assert.match(tag, /tabindex="0".*aria-label=/)
})

test('no button is disabled, because a disabled button loses the focus', () => {
  const disabled = read('components/').flatMap((source) => source.match(/<button[^>]* disabled=/g) ?? [])

  assert.deepEqual(disabled, [])
})

function provideReload(t: TestContext) {
  provide(t, 'sessionStorage', createStorage())
  provide(t, 'location', { pathname: '/', reload: () => {} })
  provide(t, 'history', { replaceState: () => {} })
}

test('signing in and out moves the focus once, to the next panel', (t) => {
  provideReload(t)

  signIn({ userId: '196' })
  const afterUser = [takeFocusedPanel(), takeFocusedPanel()]
  signIn({ role: 'operator' })
  const afterOperator = takeFocusedPanel()
  signOut()
  const afterSignOut = takeFocusedPanel()

  assert.deepEqual(afterUser, ['recommendations', null])
  assert.deepEqual([afterOperator, afterSignOut], ['viewer', 'sign-in'])
})

test('when a focused button disappears, an element around it gets the focus', (t) => {
  let tell = () => {}
  const body = {}
  const document = provide(t, 'document', { body, activeElement: body as object })
  provide(
    t,
    'MutationObserver',
    class {
      constructor(callback: () => void) {
        tell = callback
      }
      observe() {}
    },
  )
  const root = new EventTarget()
  const panel = {
    isConnected: true,
    hasAttribute: () => true,
    focus: () => {
      document.activeElement = panel
    },
    parentElement: root,
  }
  const row = { isConnected: false, hasAttribute: () => false, parentElement: panel }
  const button = Object.assign(new EventTarget(), { parentElement: row })
  keepFocus(root as unknown as HTMLElement)

  const focused = new Event('focusin')
  Object.defineProperty(focused, 'target', { value: button })
  root.dispatchEvent(focused)
  tell()

  assert.equal(document.activeElement, panel)
})

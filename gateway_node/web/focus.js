/**
 * Keeps the keyboard focus in its place: if the focused button disappears (a notice is dismissed, a job ends, a version goes live),
 * the focus moves to the nearest element around it that can have the focus. Otherwise the browser would start again at the top of the page.
 */

/** @param {HTMLElement} root  of everything that can have the focus */
export function keepFocus(root) {
  /** The elements around the focused one, the nearest first. @type {HTMLElement[]} */
  let around = []
  root.addEventListener('focusin', ({ target }) => {
    around = ancestorsOf(/** @type {HTMLElement} */ (target), root)
  })
  new MutationObserver(() => {
    if (document.activeElement !== document.body || around.length === 0) return
    const next = around.find((element) => element.isConnected && element.hasAttribute('tabindex'))
    around = []
    next?.focus()
  }).observe(root, { childList: true, subtree: true })
}

function ancestorsOf(element, root) {
  const found = []
  for (let parent = element.parentElement; parent && parent !== root; parent = parent.parentElement) found.push(parent)
  return found
}

/** Templates: htm bound to Preact, so that components read like HTML and no build step is needed. */
import htm from 'htm'
import { h } from 'preact'

export const html = htm.bind(h)

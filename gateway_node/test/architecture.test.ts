import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const source = fileURLToPath(new URL('../src/', import.meta.url))
const capabilities = [
  'recommendations',
  'users',
  'items',
  'interactions',
  'jobs',
  'dead-letters',
  'models',
  'sessions',
  'stats',
  'live',
]
const neighbours = ['broker', 'recommender', 'identity']

type Import = { file: string; folder: string; isType: boolean }

/** The imports of a folder's files that leave the folder. */
function importsOf(folder: string): Import[] {
  return readdirSync(`${source}${folder}`).flatMap((file) => {
    const text = readFileSync(`${source}${folder}/${file}`, 'utf8')
    const imports = text.matchAll(/^import (type )?(?:[^']*?)from '(?:\.\.\/([a-z-]+)\/)[^']*'/gm)
    return [...imports].map(([, isType, other]) => ({
      file: `${folder}/${file}`,
      folder: other ?? '',
      isType: isType !== undefined,
    }))
  })
}

test('capabilities never import each other', () => {
  const crossing = capabilities.flatMap(importsOf).filter(({ folder }) => capabilities.includes(folder))

  assert.deepEqual(crossing, [])
})

test('capabilities know the types of neighbours alone', () => {
  const imports = capabilities.flatMap(importsOf).filter(({ folder }) => neighbours.includes(folder))

  assert.ok(imports.length > 0)
  assert.deepEqual(
    imports.filter(({ isType }) => !isType),
    [],
  )
})

test('neighbours know no Fastify', () => {
  const files = neighbours.flatMap((folder) =>
    readdirSync(`${source}${folder}`).map((file) => `${source}${folder}/${file}`),
  )

  const knowing = files.filter((file) => /from '@?fastify/.test(readFileSync(file, 'utf8')))

  assert.deepEqual(knowing, [])
})

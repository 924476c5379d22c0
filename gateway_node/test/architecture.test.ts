import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const source = fileURLToPath(new URL('../src/', import.meta.url))

/** A client is a folder. The files beside these folders belong to no client: features may call their functions. */
const isInsideClient = (path: string) => /^clients\/[^/]+\//.test(path)

type Import = { file: string; imported: string; isType: boolean }

const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.startsWith('gen/'))
  .sort()

const textOf = (file: string) => readFileSync(join(source, file), 'utf8')
const imports: Import[] = files.flatMap((file) => {
  const text = textOf(file)
  return [...text.matchAll(/^(?:import|export) (type )?(?:[^']*? from )?'([^']+)'/gm)].map(([, isType, path = '']) => ({
    file,
    imported: path.startsWith('.') ? normalize(join(dirname(file), path)) : path,
    isType: isType !== undefined,
  }))
})

const importsOf = (folder: string) => imports.filter(({ file }) => file.startsWith(`${folder}/`))
const featureOf = (path: string) => /^features\/([^/]+)\//.exec(path)?.[1]

test('only the files that every reader opens first stand outside the folders', () => {
  const loose = files.filter((file) => !file.includes('/'))

  assert.deepEqual(loose, ['app.ts', 'config.ts', 'errors.ts', 'main.ts'])
})

test('features never import each other', () => {
  const crossing = importsOf('features').filter(({ file, imported }) => {
    const other = featureOf(imported)
    return other !== undefined && other !== featureOf(file)
  })

  assert.deepEqual(crossing, [])
})

test('features import only types from a client', () => {
  const values = importsOf('features').filter(({ imported, isType }) => isInsideClient(imported) && !isType)

  assert.deepEqual(values, [])
})

test('clients import neither Fastify nor http', () => {
  const knowing = importsOf('clients').filter(({ imported }) =>
    /^(@?fastify|http\/|features\/|plugins\/)/.test(imported),
  )

  assert.deepEqual(knowing, [])
})

test('http and plugins import no feature', () => {
  const knowing = [...importsOf('http'), ...importsOf('plugins')].filter(
    ({ imported }) => featureOf(imported) !== undefined,
  )

  assert.deepEqual(knowing, [])
})

test('one list in app.ts names all followers of the streams', () => {
  const registering = files.filter((file) => textOf(file).includes('.followStreams('))
  const reading = files.filter((file) => textOf(file).includes('.readStream('))

  assert.deepEqual(registering, ['app.ts'])
  assert.deepEqual(reading, ['plugins/broker.ts'])
})

const registries: Record<string, string> = {
  'features/jobs/kinds/': 'features/jobs/kinds.ts',
  'features/live/topics/': 'features/live/topics.ts',
}

for (const [folder, registry] of Object.entries(registries)) {
  test(`every file of ${folder} is registered in ${registry}`, () => {
    const registered = imports.filter(({ file }) => file === registry).map(({ imported }) => imported)

    const forgotten = files.filter((file) => file.startsWith(folder) && !registered.includes(file))

    assert.deepEqual(forgotten, [])
  })
}

test('every feature with routes is registered in app.ts', () => {
  const registered = imports.filter(({ file }) => file === 'app.ts').map(({ imported }) => featureOf(imported))

  const forgotten = files.filter((file) => file.endsWith('/routes.ts') && !registered.includes(featureOf(file)))

  assert.deepEqual(forgotten, [])
})

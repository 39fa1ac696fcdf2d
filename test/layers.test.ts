import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const scope = '@source-policy/'

/** What each package may use of ours: the table of ARCHITECTURE.md. Arrows point down only. */
const mayUse: Record<string, readonly string[]> = {
  core: [],
  rego: [],
  transport: ['core'],
  attestation: ['core'],
  signature: ['core'],
  oci: ['core', 'transport'],
  'resolver-image': ['core', 'oci', 'attestation'],
  'resolver-git': ['core', 'transport', 'signature', 'attestation'],
  'resolver-http': ['core', 'transport', 'signature', 'attestation'],
  'engine-opa': ['core', 'rego'],
  'engine-js': ['core'],
  dockerfile: ['core', 'oci'],
  bake: ['core'],
  testkit: ['core', 'transport', 'oci'],
}

const packages = readdirSync(path.join(root, 'packages')).filter(name => {
  return existsSync(path.join(root, 'packages', name, 'package.json'))
})

interface Manifest {
  name: string
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
}

const manifestOf = (folder: string): Manifest =>
  JSON.parse(readFileSync(path.join(root, folder, 'package.json'), 'utf8'))

function sourcesOf(folder: string): { file: string; text: string; isTest: boolean }[] {
  const files = readdirSync(path.join(root, folder, 'src'), { recursive: true, encoding: 'utf8' })
  return files
    .filter(file => file.endsWith('.ts') && !file.includes('testdata'))
    .map(file => {
      const text = readFileSync(path.join(root, folder, 'src', file), 'utf8')
      // what only tests use lies beside them, or in a folder of its own
      const isTest = /\.test\.ts$|^conformance\/|(?:^|\/)testing\//.test(file)
      return { file: `${folder}/src/${file}`, text, isTest }
    })
}

/** The modules that a file imports, by static and dynamic imports. */
function importsOf(text: string): string[] {
  const statements = text.matchAll(/^(?:import|export)\s(?:[^'"]*?\sfrom\s+)?'([^']+)'/gm)
  const calls = text.matchAll(/\bimport\('([^']+)'\)/g)
  return [...statements, ...calls].map(match => match[1]!)
}

const packageOf = (specifier: string) =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
const isBuiltin = (specifier: string) => specifier.startsWith('node:') || builtinModules.includes(specifier)

describe.each(packages)('packages/%s', name => {
  const folder = `packages/${name}`
  const manifest = manifestOf(folder)
  const sources = sourcesOf(folder)
  const allowed = mayUse[name] ?? []

  it('has a place in the table', () => {
    expect(Object.keys(mayUse)).toContain(name)
    expect(manifest.name).toBe(scope + name)
  })

  it('uses only what lies below it', () => {
    const declared = Object.keys(manifest.dependencies ?? {}).filter(dependency => dependency.startsWith(scope))
    expect(declared.map(dependency => dependency.slice(scope.length)).filter(used => !allowed.includes(used))).toEqual(
      [],
    )
  })

  it('declares what it imports, and imports what it declares', () => {
    const imported = new Set<string>()
    for (const { text, isTest } of sources) {
      if (isTest) continue
      for (const specifier of importsOf(text)) {
        if (!specifier.startsWith('.') && !isBuiltin(specifier)) imported.add(packageOf(specifier))
      }
    }
    imported.delete(manifest.name)
    expect([...imported].sort()).toEqual(Object.keys(manifest.dependencies ?? {}).sort())
  })

  it.runIf(['core', 'rego'].includes(name))('needs no Node', () => {
    const offenders = sources.filter(({ text, isTest }) => !isTest && importsOf(text).some(isBuiltin))
    expect(offenders.map(({ file }) => file)).toEqual([])
  })
})

it('the order has no cycles', () => {
  const reach = (name: string, seen: readonly string[]): void => {
    if (seen.includes(name)) throw new Error([...seen, name].join(' -> '))
    for (const used of mayUse[name] ?? []) reach(used, [...seen, name])
  }
  for (const name of Object.keys(mayUse)) reach(name, [])
})

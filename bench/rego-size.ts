/*
 * How large the Rego engine is, minified and gzipped: its own code for the builtins that buildx lets a policy call, which is
 * what the limit is about, all of its own code, and that with the packages that it brings. Left out of the first are families
 * of builtins of which buildx has none (net, graph, crypto, ...), and the stage of the compiler that is rego.metadata. Exits with 1 where the limit is missed. The last line is
 * one JSON object of bytes.
 */
import { readdirSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { rolldown } from 'rolldown'
import { BUILDX_BUILTINS } from '../packages/engine-opa/src/capabilities.ts'

const limitBytes = 90_000
const folder = new URL('../packages/rego/src/builtins/', import.meta.url)

async function gzippedBytes(isExternal: (id: string) => boolean): Promise<number> {
  const bundle = await rolldown({
    input: new URL('../packages/rego/src/index.ts', import.meta.url).pathname,
    external: isExternal,
    resolve: { conditionNames: ['@source-policy/source', 'import', 'default'] },
  })
  const { output } = await bundle.generate({ format: 'esm', minify: true, codeSplitting: false })
  await bundle.close()
  const code = output.map(part => ('code' in part ? part.code : '')).join('\n')
  return gzipSync(code, { level: 9 }).length
}

/** Builtins that are no rows with an implementation, by the file that is one. */
const stages = { 'rego.metadata.rule': './metadata.ts' }

/** The files whose builtins buildx allows none of, as they are imported. */
async function otherFamilies(): Promise<ReadonlySet<string>> {
  const others = new Set<string>()
  for (const [name, file] of Object.entries(stages)) if (!BUILDX_BUILTINS.includes(name)) others.add(file)
  for (const file of readdirSync(folder)) {
    if (!file.endsWith('.ts') || file.endsWith('.test.ts') || file === 'index.ts') continue
    const exported: unknown[] = Object.values(await import(new URL(file, folder).href))
    const names = exported.flatMap(value => (Array.isArray(value) ? value.flatMap(row => row?.name ?? []) : []))
    if (names.length > 0 && !names.some(name => BUILDX_BUILTINS.includes(name))) others.add(`./${file}`)
  }
  return others
}

const isPackage = (id: string) => !id.startsWith('.') && !id.startsWith('/')
const others = await otherFamilies()
const buildxBytes = await gzippedBytes(id => isPackage(id) || others.has(id))
const ownBytes = await gzippedBytes(isPackage)
const allBytes = await gzippedBytes(() => false)

const kB = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`
console.log(`left out: ${[...others].join(' ')}`)
console.log(
  `own code for buildx's builtins ${kB(buildxBytes)} (limit ${kB(limitBytes)}), all own code ${kB(ownBytes)}, with third-party code ${kB(allBytes)}`,
)
if (buildxBytes > limitBytes) process.exitCode = 1
console.log(JSON.stringify({ buildxBytes, ownBytes, allBytes, buildxOverLimit: buildxBytes / limitBytes }))

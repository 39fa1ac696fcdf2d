/*
 * How large the Rego engine is: its own code, and the packages that it brings, minified and gzipped. The last line is one JSON
 * object of bytes.
 */
import { gzipSync } from 'node:zlib'
import { rolldown } from 'rolldown'

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

const own = await gzippedBytes(id => !id.startsWith('.') && !id.startsWith('/'))
const all = await gzippedBytes(() => false)
console.log(
  `own code ${(own / 1000).toFixed(1)} kB, with third-party code ${(all / 1000).toFixed(1)} kB, minified and gzipped`,
)
console.log(JSON.stringify({ ownBytes: own, allBytes: all, ownOverLimit: own / 90_000 }))

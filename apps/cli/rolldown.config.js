import { chmodSync, readFileSync } from 'node:fs'
import { defineConfig } from 'rolldown'
import { asciiOnly } from './bundle/ascii-only.js'
import { lazyBuiltins } from './bundle/lazy-builtins.js'
import { noFetcher } from './bundle/no-fetcher.js'
import { generatedSchemas } from './bundle/schemas.js'
import { slimUndici } from './bundle/slim-undici.js'
import { thirdPartyNotices } from './bundle/third-party-notices.js'

const { version, dependencies } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'))

const executable = {
  name: 'executable',
  writeBundle: ({ file }) => chmodSync(file, 0o755),
}

// One file, since that starts fastest. Modules that are imported with import() are evaluated on first use all the same.
export default defineConfig({
  input: 'src/bin.ts',
  platform: 'node',
  external: Object.keys(dependencies),
  resolve: { conditionNames: ['@source-policy/source', 'import', 'node', 'default'] },
  transform: { define: { SOURCE_POLICY_VERSION: JSON.stringify(version) } },
  plugins: [
    generatedSchemas(),
    slimUndici(),
    noFetcher(),
    lazyBuiltins(),
    thirdPartyNotices(),
    asciiOnly(),
    executable,
  ],
  output: { file: 'dist/source-policy.js', format: 'esm', codeSplitting: false, minify: true },
})

import { chmodSync, readFileSync } from 'node:fs'
import { defineConfig } from 'rolldown'
import { thirdPartyNotices } from './third-party-notices.js'

const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'))

const executable = {
  name: 'executable',
  writeBundle: ({ file }) => chmodSync(file, 0o755),
}

// One file, since that starts fastest. Modules that are imported with import() are evaluated on first use all the same.
export default defineConfig({
  input: 'src/bin.ts',
  platform: 'node',
  resolve: { conditionNames: ['@source-policy/source', 'import', 'node', 'default'] },
  transform: { define: { SOURCE_POLICY_VERSION: JSON.stringify(version) } },
  plugins: [thirdPartyNotices(), executable],
  output: {
    file: 'dist/source-policy.js',
    format: 'esm',
    codeSplitting: false,
    // names stay, so that stack traces can be read
    minify: { compress: true, mangle: false, codegen: { removeWhitespace: true } },
  },
})

import { defineConfig } from 'rolldown'

export default defineConfig({
  input: 'src/main.ts',
  platform: 'node',
  resolve: { conditionNames: ['@source-policy/source', 'import', 'node', 'default'] },
  output: { file: 'dist/source-policy.js', format: 'esm', codeSplitting: false, minify: false },
})

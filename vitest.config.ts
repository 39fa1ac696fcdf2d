import { defineConfig } from 'vitest/config'

const conditions = ['@source-policy/source', 'node', 'import', 'default']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'apps/*/src/**/*.test.ts', 'test/**/*.test.ts'],
    // the first test of a file also waits for all that it imports
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})

import { count, EXPLANATION_DEFINITIONS, listOf, object, ref, text, texts } from './schema-parts.ts'
import { TEST_REPORT_VERSION } from './test-report.ts'

const share = object({ covered: count, total: count })

/** JSON Schema of what `test --format json` prints. */
export const TEST_SCHEMA: Record<string, unknown> = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'source-policy test results',
  ...object(
    {
      version: { const: TEST_REPORT_VERSION },
      passed: { type: 'boolean', description: 'all tests pass, and enough is covered' },
      tests: listOf(ref('test')),
      coverage: object({
        files: listOf(
          object({
            file: text,
            expressions: share,
            lines: share,
            uncoveredLines: listOf({ type: 'integer', minimum: 1 }),
          }),
        ),
        expressions: share,
        lines: share,
      }),
      coverageThreshold: { type: 'number', minimum: 0, maximum: 100 },
      durationMs: count,
    },
    ['coverage', 'coverageThreshold'],
  ),
  $defs: {
    test: object(
      {
        name: text,
        package: text,
        place: { ...text, description: 'file:row:column' },
        passed: { type: 'boolean' },
        decisions: listOf(object({ allow: { type: 'boolean' }, messages: texts }, ['allow'])),
        failure: object(
          {
            bodies: listOf(ref('body')),
            input: { description: 'what the failing expression saw' },
            decision: { description: 'what the policy said of it' },
            missingInput: texts,
            needs: { ...texts, description: 'what was not recorded' },
            error: object({ code: text, message: text }),
          },
          ['input', 'decision', 'error'],
        ),
        notes: texts,
        prints: listOf(object({ file: text, row: count, message: text })),
        durationMs: count,
      },
      ['failure'],
    ),
    ...EXPLANATION_DEFINITIONS,
  },
}

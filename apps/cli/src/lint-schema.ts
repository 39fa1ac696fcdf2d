import { LINT_REPORT_VERSION } from './lint-report.ts'
import { count, listOf, object, text } from './schema-parts.ts'

const place = { type: 'integer', minimum: 1 }

/** JSON Schema of what `lint --format json` prints. */
export const LINT_SCHEMA: Record<string, unknown> = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'source-policy lint findings',
  ...object({
    version: { const: LINT_REPORT_VERSION },
    policies: count,
    findings: listOf(object({ rule: text, message: text, file: text, row: place, col: place })),
  }),
}

import { EXIT_CODES } from '@source-policy/core'
import type { IO } from '../io.ts'

type Schema = Record<string, unknown>

async function policySchema(document: 'input' | 'decision'): Promise<Schema> {
  const { jsonSchema } = await import('@source-policy/core/schema')
  return jsonSchema(document)
}

/** Documents that have a schema, each loaded when it is asked for. */
const schemas = {
  input: () => policySchema('input'),
  decision: () => policySchema('decision'),
  report: async () => (await import('../report-schema.ts')).REPORT_SCHEMA,
  lint: async () => (await import('../lint-schema.ts')).LINT_SCHEMA,
  test: async () => (await import('../test-schema.ts')).TEST_SCHEMA,
} as const satisfies Readonly<Record<string, () => Promise<Schema>>>

export type SchemaName = keyof typeof schemas

/** Prints the JSON Schema of the policy input, of a policy's decision, or of what a command prints. Returns the exit code. */
export async function printSchema(document: SchemaName, io: IO): Promise<number> {
  io.stdout.write(`${JSON.stringify(await schemas[document](), null, 2)}\n`)
  return EXIT_CODES.allowed
}

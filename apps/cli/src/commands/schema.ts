import { EXIT_CODES } from '@source-policy/core'
import type { IO } from '../io.ts'

/** Prints the JSON Schema of the policy input, of a policy's decision, or of the report. Returns the exit code. */
export async function printSchema(document: 'input' | 'decision' | 'report', io: IO): Promise<number> {
  const schema = document === 'report' ? await reportSchema() : await policySchema(document)
  io.stdout.write(`${JSON.stringify(schema, null, 2)}\n`)
  return EXIT_CODES.allowed
}

async function policySchema(document: 'input' | 'decision'): Promise<Record<string, unknown>> {
  const { jsonSchema } = await import('@source-policy/core/schema')
  return jsonSchema(document)
}

async function reportSchema(): Promise<Record<string, unknown>> {
  const { REPORT_SCHEMA } = await import('../report-schema.ts')
  return REPORT_SCHEMA
}

import { z } from 'zod'
import { inputSchema, policyDecisionSchema } from './input-schema.ts'

const documents = { input: inputSchema, decision: policyDecisionSchema } as const

/** The documents that have a schema: what a policy sees, and what it answers. */
export type SchemaName = keyof typeof documents

export const SCHEMA_NAMES = Object.keys(documents) as readonly SchemaName[]

/**
 * The JSON Schema of the policy input or of a policy's decision.
 *
 * @see https://json-schema.org/draft/2020-12
 */
export function jsonSchema(name: SchemaName): Record<string, unknown> {
  return z.toJSONSchema(documents[name], { target: 'draft-2020-12', reused: 'ref' }) as Record<string, unknown>
}

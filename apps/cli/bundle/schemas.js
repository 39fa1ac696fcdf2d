import { jsonSchema, SCHEMA_NAMES } from '@source-policy/core/schema'

/** Puts the JSON Schemas themselves in the place of what makes them, which is large. */
export function generatedSchemas() {
  const schemas = Object.fromEntries(SCHEMA_NAMES.map(name => [name, jsonSchema(name)]))
  return {
    name: 'generated-schemas',
    resolveId: { filter: { id: /^@source-policy\/core\/schema$/ }, handler: () => '\0generated-schemas' },
    load: {
      filter: { id: /^\0generated-schemas$/ },
      handler: () => `const schemas = ${JSON.stringify(schemas)}\nexport const jsonSchema = name => schemas[name]\n`,
    },
  }
}

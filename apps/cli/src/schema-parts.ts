/* Parts of JSON Schemas. */

export const text = { type: 'string' } as const
export const texts = { type: 'array', items: text } as const
export const count = { type: 'integer', minimum: 0 } as const

export function object(properties: Readonly<Record<string, unknown>>, optional: readonly string[] = []) {
  const required = Object.keys(properties).filter(name => !optional.includes(name))
  return { type: 'object', properties, required, additionalProperties: false }
}

export function listOf(items: unknown) {
  return { type: 'array', items }
}

export const ref = (name: string) => ({ $ref: `#/$defs/${name}` })
export const kind = (name: string) => ({ const: name })

const outcome = (...outcomes: readonly string[]) => ({ enum: outcomes })

/** How rules came out, as reports and results of tests have it. */
export const EXPLANATION_DEFINITIONS = {
  rule: object({ name: text, bodies: listOf(ref('body')) }),
  body: object(
    {
      place: { ...text, description: 'file:row:column' },
      text,
      outcome: outcome('holds', 'fails', 'waits', 'untried'),
      expression: ref('expression'),
      tried: listOf(ref('expression')),
      metadata: ref('metadata'),
    },
    ['expression', 'metadata'],
  ),
  expression: object({
    place: text,
    text,
    outcome: outcome('holds', 'fails', 'waits'),
    values: listOf(object({ name: text, value: { ...text, description: 'in Rego, or undefined, or <unknown>' } })),
    rules: listOf(ref('rule')),
  }),
  metadata: object({ place: text, id: text, title: text, owner: text }, ['id', 'title', 'owner']),
} as const

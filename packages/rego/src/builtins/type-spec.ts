/** The static type of an operand or result, as OPA's checker has it. */
export type TypeSpec =
  | {
      readonly kind: 'null' | 'boolean' | 'number' | 'string'
      /** What a message says is expected, where that is not the kind. */
      readonly label?: string
    }
  /** No members: any value at all. */
  | {
      readonly kind: 'any'
      readonly of: readonly TypeSpec[]
      /** What a message says is expected, where that is not the list of the members' kinds. */
      readonly label?: string
    }
  | { readonly kind: 'array'; readonly items: readonly TypeSpec[]; readonly rest?: TypeSpec | undefined }
  | { readonly kind: 'set'; readonly of: TypeSpec }
  | {
      readonly kind: 'object'
      readonly properties: readonly { readonly key: string; readonly value: TypeSpec }[]
      readonly rest?: { readonly key: TypeSpec; readonly value: TypeSpec } | undefined
    }

const scalar = (kind: 'null' | 'boolean' | 'number' | 'string'): TypeSpec => ({ kind })

/** The vocabulary in which the builtin table is written. */
export const types = {
  null: scalar('null'),
  boolean: scalar('boolean'),
  number: scalar('number'),
  integer: { kind: 'number', label: 'integer' } as TypeSpec,
  string: scalar('string'),
  any: { kind: 'any', of: [] } as TypeSpec,
  anyOf: (...of: readonly TypeSpec[]): TypeSpec => ({ kind: 'any', of }),
  labelled: (label: string, ...of: readonly TypeSpec[]): TypeSpec => ({ kind: 'any', of, label }),
  array: (rest: TypeSpec): TypeSpec => ({ kind: 'array', items: [], rest }),
  /** An array of exactly these items. */
  tuple: (...items: readonly TypeSpec[]): TypeSpec => ({ kind: 'array', items }),
  set: (of: TypeSpec): TypeSpec => ({ kind: 'set', of }),
  object: (key: TypeSpec, value: TypeSpec): TypeSpec => ({ kind: 'object', properties: [], rest: { key, value } }),
  /** An object with these keys and, where `rest` is given, others of that type. */
  record: (
    properties: Readonly<Record<string, TypeSpec>>,
    rest?: { readonly key: TypeSpec; readonly value: TypeSpec },
  ): TypeSpec => ({
    kind: 'object',
    properties: Object.entries(properties).map(([key, value]) => ({ key, value })),
    rest,
  }),
}

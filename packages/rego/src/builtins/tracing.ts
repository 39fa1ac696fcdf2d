import { defineBuiltin } from './signature.ts'
import { types as t } from './type-spec.ts'

/** Statements that leave a trace: the evaluator rewrites or runs them itself. */
export const tracing = [
  defineBuiltin({ name: 'trace', args: [t.string], result: t.boolean, implementation: () => true }),
  defineBuiltin({ name: 'print', args: [], variadic: t.any, result: t.any, void: true, looksPastHoles: true }),
  defineBuiltin({
    name: 'internal.print',
    args: [t.array(t.set(t.any))],
    result: t.any,
    void: true,
    looksPastHoles: true,
  }),
  defineBuiltin({ name: 'internal.test_case', args: [t.array(t.any)], result: t.any, void: true }),
  // The compiler puts what they give in their place.
  defineBuiltin({ name: 'rego.metadata.chain', args: [], result: t.array(t.any) }),
  defineBuiltin({ name: 'rego.metadata.rule', args: [], result: t.any }),
]

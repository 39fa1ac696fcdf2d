import { builtins as table } from './builtins/index.ts'
import type { Builtin } from './builtins/signature.ts'
import { compile } from './compiler/compile.ts'
import type { Program } from './compiler/compiled.ts'
import type { Signature } from './compiler/work.ts'
import { RegoError, type RegoErrorCode } from './error.ts'
import { type LinkedQuery, linkQuery } from './evaluator/evaluate.ts'
import { declaredBuiltin } from './evaluator/host.ts'
import { Linked } from './evaluator/linked.ts'
import { parseModule, parseQuery } from './parser/module.ts'
import type { BuiltinDeclaration, PrepareOptions, Query } from './query.ts'

/**
 * A query compiled once, to be evaluated as often as needed. The modules are not changed, `data` is read in place.
 *
 * @throws RegoError `rego_parse_error`, `rego_compile_error`, `rego_type_error`, `rego_unsafe_var_error` or
 * `rego_recursion_error`, with its place; all errors of the stage are in `errors`.
 * @see https://www.openpolicyagent.org/docs/v1.14.1/policy-language
 */
export function prepare(options: PrepareOptions): Query {
  const query = inside('rego_compile_error', 'compiling', () => prepareQuery(options))
  return { evaluate: evaluation => inside('eval_cancel_error', 'evaluation', () => query.evaluate(evaluation)) }
}

/** The last resort: what uses up the stack, or the largest string or collection there can be, is beyond a limit. */
function inside<T>(code: RegoErrorCode, what: string, run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new RegoError({ code, message: `${what} takes more than there is: ${error.message}`, cause: error })
  }
}

function prepareQuery(options: PrepareOptions): Query {
  const declarations = options.builtins ?? {}
  const builtins = allowedBuiltins(options)
  const version = options.regoVersion === undefined ? {} : { regoVersion: options.regoVersion }
  const parsing = { ...version, isBuiltin: (name: string): boolean => table.has(name) }
  const modules = Object.entries(options.modules).map(([file, text]) => parseModule(file, text, parsing))
  const program = compile({ modules, query: parseQuery(options.query), builtins: signatures(builtins, declarations) })
  const link = (events: boolean): LinkedQuery => linkProgram(program, options, builtins, events)
  const silent = link(false)
  let telling: LinkedQuery | undefined
  return {
    evaluate(evaluation = {}) {
      if (evaluation.events === undefined) return silent.evaluate(evaluation)
      telling ??= link(true)
      return telling.evaluate(evaluation)
    },
  }
}

function linkProgram(
  program: Program,
  { modules, builtins: declarations = {}, data = {}, strictBuiltinErrors: strict = false }: PrepareOptions,
  builtins: ReadonlyMap<string, Builtin>,
  events: boolean,
): LinkedQuery {
  const { query } = program
  if (query === undefined) throw new RegoError({ code: 'eval_internal_error', message: 'the query was not compiled' })
  const linked = new Linked({ program, builtin: name => builtins.get(name), declarations, events, strict })
  // A function that is called is named somewhere. Where none is, nothing can block, and evaluation need not look out.
  const texts = Object.values(modules)
  const hasHost = Object.entries(declarations).some(
    ([name, { implementation }]) =>
      implementation === undefined && texts.some(text => text.includes(name.slice(name.lastIndexOf('.') + 1))),
  )
  return linkQuery({ linked, query, data, hasHost, strict, cache: new Map() })
}

/** Functions that the evaluator needs whether or not a policy may call them: operators that the grammar writes. */
function allowedBuiltins({ capabilities }: PrepareOptions): ReadonlyMap<string, Builtin> {
  if (capabilities === undefined) return table
  const allowed = new Set(capabilities.builtins)
  return new Map([...table].filter(([name]) => allowed.has(name) || name.startsWith('internal.')))
}

function signatures(
  builtins: ReadonlyMap<string, Builtin>,
  declarations: Readonly<Record<string, BuiltinDeclaration>>,
): ReadonlyMap<string, Signature> {
  const all = new Map<string, Signature>(builtins)
  for (const [name, declaration] of Object.entries(declarations)) {
    const { args, result } = declaredBuiltin(name, declaration)
    all.set(name, { name, args, result, host: true })
  }
  return all
}

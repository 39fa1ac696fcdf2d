import type {
  ArrayComprehension,
  Body,
  CallExpr,
  Expr,
  ObjectComprehension,
  RefTerm,
  SetComprehension,
  Term,
} from '../../ast.ts'
import type { TypeSpec } from '../../builtins/type-spec.ts'
import type { RegoError } from '../../error.ts'
import { formatTerm } from '../../format.ts'
import type { Span } from '../../source-text.ts'
import { hasClosure, isComprehension, isGround, walkExprTerms, walkTerms } from '../../walk.ts'
import { groundPrefix } from '../rule-tree.ts'
import {
  compileError,
  type Definition,
  fullReference,
  isEquation,
  mayHaveClosures,
  type Signature,
  type Work,
} from '../work.ts'
import { RefChecker } from './check-refs.ts'
import {
  type Checked,
  type Environment,
  ensureChild,
  makeEnvironment,
  partsOf,
  putVar,
  type Root,
  typeOf,
  typeOfRef,
  wrap,
} from './environment.ts'
import { insertType } from './insert.ts'
import {
  anything,
  compareTypes,
  type FunctionType,
  formatArgs,
  formatType,
  isAnything,
  isUnknown,
  objectType,
  stringKey,
  type Type,
} from './type.ts'
import { unifies } from './unifies.ts'
import { unifyTerm, unifyTerms } from './unify-term.ts'

/** Stage: operands, comparisons and refs are of types that can fit. Returns what is known of all rules, for the query. */
export function checkTypes(work: Work, sorted: readonly Definition[]): Environment {
  const env = makeEnvironment(rootOf(work), undefined)
  const errors: RegoError[] = []
  for (const rule of sorted) checkRule(work, env, rule, errors)
  work.errors.push(...errors)
  return env
}

export function checkQueryTypes(work: Work, env: Environment, body: Body): void {
  work.errors.push(...checkBody(work, env, body, { isRuleBody: true }).errors)
}

function rootOf(work: Work): Root {
  const known = new Map<string, Type>()
  return {
    extents: new WeakMap(),
    comprehension: (env, term) => typeOfComprehension(work, env, term),
    builtin(name) {
      const found = known.get(name)
      const signature = work.builtins.get(name)
      if (found !== undefined || signature === undefined) return found
      const type = functionType(signature)
      known.set(name, type)
      return type
    },
  }
}

function functionType({ args, result, variadic, void: isVoid }: Signature): FunctionType {
  return {
    kind: 'function',
    args: args.map(fromSpec),
    result: isVoid ? undefined : fromSpec(result),
    variadic: variadic === undefined ? undefined : fromSpec(variadic),
  }
}

function fromSpec(spec: TypeSpec): Type {
  switch (spec.kind) {
    case 'array':
      return {
        kind: 'array',
        items: spec.items.map(fromSpec),
        rest: spec.rest === undefined ? undefined : fromSpec(spec.rest),
      }
    case 'set':
      return { kind: 'set', of: fromSpec(spec.of) }
    case 'any':
      return { kind: 'any', of: spec.of.map(fromSpec).toSorted(compareTypes) }
    case 'object': {
      const properties = spec.properties.map(({ key, value }) => ({ key: stringKey(key), value: fromSpec(value) }))
      const { rest } = spec
      return objectType(properties, rest && { key: fromSpec(rest.key), value: fromSpec(rest.value) })
    }
    default:
      return { kind: spec.kind }
  }
}

function checkRule(work: Work, env: Environment, rule: Definition, errors: RegoError[]): void {
  const checked = checkBody(work, env, rule.body, { closures: mayHaveClosures(rule), isRuleBody: true })
  const reference = fullReference(rule)
  const parts = partsOf(reference)
  if (checked.errors.length > 0) {
    errors.push(...checked.errors)
    // Whoever refers to the rule shall not be blamed for its errors.
    let node = env.tree
    for (const part of parts) node = ensureChild(node, part)
    node.value = anything
    return
  }
  const type = typeOfRule(checked.env, rule)
  if (type === undefined) return
  // The type of an object stands where its name is ground; OPA keeps that of a set under the variables themselves.
  const path = rule.value === undefined ? reference.path : groundPrefix(reference.path)
  insertType(env, [parts[0]!, ...path], type)
}

function typeOfRule(env: Environment, rule: Definition): Type | undefined {
  const { args, key, value, reference } = rule
  if (args !== undefined) {
    for (const arg of args) {
      walkTerms(arg, term => {
        if (term.kind === 'var' && typeOf(env, term) === undefined) putVar(env, term, anything)
      })
    }
    const result = value === undefined ? undefined : typeOf(env, value)
    return { kind: 'function', args: args.map(arg => typeOf(env, arg)), result, variadic: undefined }
  }
  if (value !== undefined) return nestInObjects(env, dynamicSuffix(reference), typeOf(env, value))
  const member = key === undefined ? undefined : typeOf(env, key)
  return member && { kind: 'set', of: member }
}

function dynamicSuffix({ path }: RefTerm): readonly Term[] {
  const start = path.findIndex(part => !isGround(part))
  return start < 0 ? [] : path.slice(start)
}

/** `p[x][y] := v` is an object of objects. */
function nestInObjects(env: Environment, path: readonly Term[], type: Type | undefined): Type | undefined {
  let found = type
  for (const part of path.toReversed()) {
    const key = typeOf(env, part)
    if (found === undefined || key === undefined) return undefined
    found = objectType([], { key, value: found })
  }
  return found
}

/** Checks a body; the environment that results knows its variables. */
function checkBody(work: Work, outer: Environment, body: Body, { closures = true, isRuleBody = false } = {}): Checked {
  const env = wrap(outer)
  const errors: RegoError[] = []
  const refs = new RefChecker(work, env, errors)
  for (const expr of body) {
    const before = errors.length
    if (closures && hasClosure(expr)) errors.push(...checkClosures(work, env, expr, isRuleBody))
    refs.checkExpr(expr)
    const found = checkExpr(env, expr)
    // An error that comes from another one, which says more, is not told.
    const follows = found?.unknown === true && errors.length > before
    if (found !== undefined && !follows) errors.push(found.error)
  }
  return { env, errors }
}

/**
 * Comprehensions in an expression; what is nested in them is checked with their bodies. In the body of a rule OPA checks it
 * once more, as if the comprehensions around it were not there, and refuses equations of which both sides are unknown then.
 */
function checkClosures(work: Work, env: Environment, expr: Expr, isRuleBody: boolean): readonly RegoError[] {
  let errors: readonly RegoError[] = []
  walkExprTerms(expr, term => {
    if (!isClosure(term)) return true
    const found = checkClosure(work, env, term).errors
    if (found.length > 0) errors = found
    return isRuleBody && found.length === 0
  })
  return errors
}

type Closure = ArrayComprehension | SetComprehension | ObjectComprehension

function isClosure(term: Term): term is Closure {
  return isComprehension(term)
}

/** What it captures is bound before, so its types are settled: once is enough, or nesting would cost exponentially. */
function checkClosure(work: Work, env: Environment, term: Closure): Checked {
  const known = env.closures?.get(term)
  if (known !== undefined) return known
  const checked = checkBody(work, env, term.body)
  env.closures ??= new Map()
  env.closures.set(term, checked)
  return checked
}

function typeOfComprehension(work: Work, env: Environment, term: Term): Type | undefined {
  if (!isClosure(term)) return undefined
  const { env: inner, errors } = checkClosure(work, env, term)
  if (errors.length > 0) return undefined
  switch (term.kind) {
    case 'array-comprehension':
      return { kind: 'array', items: [], rest: typeOf(inner, term.term) }
    case 'set-comprehension':
      return { kind: 'set', of: typeOf(inner, term.term) }
    case 'object-comprehension':
      return objectType([], { key: typeOf(inner, term.key), value: typeOf(inner, term.value) })
  }
}

interface Found {
  readonly error: RegoError
  /** It involves a type that is not known. */
  readonly unknown: boolean
}

function checkExpr(env: Environment, expr: Expr): Found | undefined {
  const found = checkWiths(env, expr)
  if (found !== undefined || expr.kind !== 'call') return found
  return isEquation(expr) ? checkEquation(env, expr) : checkCall(env, expr)
}

function checkWiths(env: Environment, expr: Expr): Found | undefined {
  for (const { target, value, span } of expr.with) {
    const wanted = typeOf(env, target)
    const given = typeOf(env, value)
    if (wanted?.kind !== 'function' || given?.kind !== 'function' || unifies(wanted, given)) continue
    return argumentError(span, formatTerm(target), 'arity mismatch', given.args, wanted)
  }
  return undefined
}

function argumentError(
  span: Span,
  name: string,
  reason: string,
  have: readonly (Type | undefined)[],
  want: FunctionType,
  withResult = false,
): Found {
  const wanted = withResult && want.result !== undefined ? [...want.args, want.result] : want.args
  const details = [`have: ${formatArgs(have)}`, `want: ${formatArgs(wanted, want.variadic)}`]
  const error = compileError('rego_type_error', span, `${name}: ${reason}`, details)
  return { error, unknown: have.some(isUnknown) }
}

function checkEquation(env: Environment, expr: CallExpr): Found | undefined {
  const [left, right] = expr.args
  if (left === undefined || right === undefined || expr.args.length !== 2) {
    const want: FunctionType = { kind: 'function', args: [anything, anything], result: undefined, variadic: undefined }
    const have = typesOf(env, expr.args)
    return argumentError(expr.span, 'eq', `too ${expr.args.length < 2 ? 'few' : 'many'} arguments`, have, want)
  }
  if (unifyTerms(env, left, right)) return undefined
  const [typeA, typeB] = typesOf(env, expr.args)
  const details = [`left  : ${formatType(typeA)}`, `right : ${formatType(typeB)}`]
  const error = compileError('rego_type_error', expr.span, 'match error', details)
  return { error, unknown: isUnknown(typeA) || isUnknown(typeB) }
}

const typesOf = (env: Environment, terms: readonly Term[]): readonly (Type | undefined)[] =>
  terms.map(term => typeOf(env, term))

function checkCall(env: Environment, expr: CallExpr): Found | undefined {
  const { operator, args, span } = expr
  const type = typeOfRef(env, partsOf(operator))
  if (isAnything(type)) return undefined
  if (type?.kind !== 'function') {
    const reason = `undefined function ${formatTerm(operator)}`
    return { error: compileError('rego_type_error', span, reason), unknown: false }
  }
  const problem = problemOfArguments(env, type, args)
  if (problem === undefined) return undefined
  return argumentError(span, formatTerm(operator), problem, typesOf(env, args), type, true)
}

function problemOfArguments(env: Environment, type: FunctionType, args: readonly Term[]): string | undefined {
  const withResult = type.result === undefined ? type.args.length : type.args.length + 1
  if (args.length > withResult && type.variadic === undefined) return 'too many arguments'
  if (args.length < type.args.length) return 'too few arguments'
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!
    const expected = i < type.args.length ? type.args[i] : i < withResult ? type.result : type.variadic
    if (expected !== undefined && unifyTerm(env, arg, expected, false)) continue
    if (expected === undefined && arg.kind === 'var' && typeOf(env, arg) === undefined) continue
    return 'invalid argument(s)'
  }
  return undefined
}

import type { Body, Expr, Term, With } from '../ast.ts'
import { dottedName, quote } from '../format.ts'
import { needsEvaluation } from './hoist.ts'
import { childOf, findNode, isDataRef, type TreeNode } from './rule-tree.ts'
import { mapBodies, mapBodiesOfTerm } from './transform.ts'
import { definitionsOf, equation, report, varTerm, type Work } from './work.ts'

/** Stage: `with` replaces what can be replaced, and its value is plain: `with input as f(x)` is `l = f(x); ... with input as l`. */
export function rewriteWiths(work: Work, tree: TreeNode): void {
  for (const rule of definitionsOf(work, 'with')) {
    rule.body = rewriteWithsInBody(work, tree, rule.body)
    if (rule.key !== undefined) rule.key = mapBodiesOfTerm(rule.key, body => rewriteOne(work, tree, body))
    if (rule.value !== undefined) rule.value = mapBodiesOfTerm(rule.value, body => rewriteOne(work, tree, body))
  }
}

export function rewriteWithsInBody(work: Work, tree: TreeNode, body: Body): Body {
  return rewriteOne(
    work,
    tree,
    body.map(expr => mapBodies(expr, inner => rewriteOne(work, tree, inner))),
  )
}

/** The expressions of one body; its closures are done before. */
function rewriteOne(work: Work, tree: TreeNode, body: Body): Body {
  // calls that were taken out of an expression share its modifiers: their values are worked out once
  const known = new Map<With, With>()
  return body.flatMap(expr => {
    if (expr.with.length === 0) return [expr]
    const before: Expr[] = []
    const modifiers = expr.with.map(modifier => {
      const shared = known.get(modifier)
      if (shared !== undefined) return shared
      const named = nameBuiltins(work, modifier)
      if (!hasToBeEvaluated(work, tree, named)) return named
      const local = varTerm(work.fresh(), named.value.span)
      before.push(equation(local, named.value))
      const plain = { ...named, value: local }
      known.set(modifier, plain)
      return plain
    })
    return [...before, { ...expr, with: modifiers }]
  })
}

/** `count` alone is a variable to the parser; here it means the builtin. */
function nameBuiltins(work: Work, modifier: With): With {
  const asRef = (term: Term): Term =>
    term.kind === 'var' && work.builtins.has(term.name) ? { kind: 'ref', span: term.span, head: term, path: [] } : term
  return { ...modifier, target: asRef(modifier.target), value: asRef(modifier.value) }
}

function hasToBeEvaluated(work: Work, tree: TreeNode, { target, value }: With): boolean {
  const isFunction = namesFunction(work, tree, value)
  const refuse = (reason: string): boolean => {
    report(work, 'rego_compile_error', target.span, reason)
    return false
  }
  if (target.kind === 'ref' && isDataRef(target)) {
    if (cutsRule(tree, target.path)) return refuse('with keyword cannot partially replace virtual document(s)')
    const functions = findNode(tree, target)?.rules.some(rule => rule.args !== undefined) ?? false
    if (functions && isFunction) return false
    if (value.kind === 'ref' && findNode(tree, value)?.rules.some(rule => rule.args !== undefined)) return false
    return needsEvaluation(value)
  }
  if (target.kind === 'ref' && target.head.kind === 'var' && target.head.name === 'input') return needsEvaluation(value)
  const name = target.kind === 'ref' ? dottedName(target) : undefined
  if (name !== undefined && work.builtins.has(name)) {
    const reason = refusal(work, name)
    if (reason !== undefined) return refuse(`with keyword replacing built-in function: ${reason}`)
    return !isFunction && needsEvaluation(value)
  }
  const reason = 'with keyword target must reference existing input, data, or a function'
  report(work, 'rego_type_error', target.span, reason)
  return false
}

/** A rule stands above the target: part of its value cannot be replaced. */
function cutsRule(tree: TreeNode, path: readonly Term[]): boolean {
  let node: TreeNode | undefined = tree
  for (const part of path.slice(0, -1)) {
    node = childOf(node, part)
    if (node === undefined) return false
    if (node.rules.length > 0) return true
  }
  return false
}

function namesFunction(work: Work, tree: TreeNode, value: Term): boolean {
  if (value.kind !== 'ref') return false
  if (findNode(tree, value) !== undefined) return true
  const name = dottedName(value)
  return name !== undefined && work.builtins.has(name)
}

const fixed: ReadonlySet<string> = new Set(['eq', 'rego.metadata.chain', 'rego.metadata.rule'])

function refusal(work: Work, name: string): string | undefined {
  const signature = work.builtins.get(name)
  if (fixed.has(name)) return `replacement of ${quote(name)} invalid`
  if (name.startsWith('internal.')) return `replacement of internal function ${quote(name)} invalid`
  if (signature?.relation) return 'target must not be a relation'
  return signature?.void ? 'target must not be a void function' : undefined
}

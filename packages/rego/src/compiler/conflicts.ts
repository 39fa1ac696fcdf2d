import type { RefTerm } from '../ast.ts'
import { formatRef, formatTerm } from '../format.ts'
import { locationOf } from '../source-text.ts'
import { isGround } from '../walk.ts'
import { groundPrefix, nodesBelow, type TreeNode } from './rule-tree.ts'
import { rewriteTerms } from './transform.ts'
import { type Definition, fullReference, report, stringTerm, type Work } from './work.ts'

/** Stage: definitions of one name agree on what they define, and nothing stands inside a complete rule. */
export function checkConflicts(work: Work, tree: TreeNode): void {
  if (checkNode(work, tree)) checkPackages(work)
}

/** Returns whether somewhere a rule has the name of a package. */
function checkNode(work: Work, node: TreeNode): boolean {
  const { rules, children, isPackage } = node
  const canConflict = rules.length > 1 || (rules.length === 1 && children.size > 0)
  const problem = canConflict ? problemOf(work, node) : undefined
  if (problem !== undefined) report(work, 'rego_type_error', problem.rule.span, problem.reason)
  let found = isPackage && rules.length > 0
  for (const child of children.values()) if (checkNode(work, child)) found = true
  return found
}

interface Problem {
  readonly rule: { readonly span: Definition['span'] }
  readonly reason: string
}

function problemOf(work: Work, { rules, children }: TreeNode): Problem | undefined {
  const [first] = rules
  const name = (): string => shownName(work, rules.at(-1)!)
  if (rules.some(rule => rule.reference.path.every(isGround)) && children.size > 0) {
    const inside = [...children.values()].flatMap(child => [...nodesBelow(child)].flatMap(below => below.rules))
    const names = shortestNames(inside.map(fullReference))
    if (names.length > 0) return { rule: first!, reason: `rule ${name()} conflicts with [${names.join(' ')}]` }
  }
  const kinds = new Set(rules.map(rule => rule.value === undefined))
  const arities = new Set(rules.map(rule => rule.args?.length ?? 0))
  const complete = new Set(rules.map(rule => rule.value !== undefined && rule.reference.path.every(isGround)))
  if (kinds.size > 1 || arities.size > 1 || complete.size > 1) {
    return { rule: first!, reason: `conflicting rules ${name()} found` }
  }
  const defaults = rules.filter(rule => rule.default)
  if (defaults.length > 1) {
    const places = defaults.map(rule => locationOf(rule.span)).map(({ file, row }) => `${file}:${row}`)
    const reason = `multiple default rules ${name()} found at ${places.join(', ')}`
    return { rule: defaults[0]!.module.module.package, reason }
  }
  return undefined
}

/** The name with the user's variables in it. */
function shownName(work: Work, rule: Definition): string {
  return formatTerm(
    rewriteTerms(fullReference(rule), term =>
      term.kind === 'var' ? { ...term, name: work.names.get(term.name) ?? term.name } : term,
    ),
  )
}

/** Names of which none is the beginning of another. */
function shortestNames(refs: readonly RefTerm[]): readonly string[] {
  const parts = refs.map(ref => ({ name: formatRef(ref), keys: ref.path.map(formatTerm) }))
  const kept = parts.filter(
    ({ keys }, i) =>
      !parts.some(
        (other, j) =>
          j !== i &&
          other.keys.every((key, k) => key === keys[k]) &&
          (other.keys.length < keys.length || (other.keys.length === keys.length && j < i)),
      ),
  )
  return kept.map(({ name }) => name).toSorted()
}

/** A package is not also a rule of the package around it. */
function checkPackages(work: Work): void {
  const packages = new Map<string, Definition['module'][]>()
  for (const module of work.modules) {
    const key = JSON.stringify(module.path.map(part => part.value))
    packages.set(key, [...(packages.get(key) ?? []), module])
  }
  for (const module of work.modules) {
    for (const rule of module.rules) {
      const { head, path } = rule.reference
      if (groundPrefix(path).length < path.length || head.kind !== 'var') continue
      const full = [...module.path, stringTerm(head.name, head.span), ...path]
      if (full.some(part => part.kind !== 'string')) continue
      const inside = packages.get(JSON.stringify(full.map(part => (part.kind === 'string' ? part.value : '')))) ?? []
      for (const other of inside) {
        const { file, row } = locationOf(rule.span)
        const shown = `package ${formatRef(packageRef(other.module.package.path))}`
        const reason = `${shown} conflicts with rule ${formatRef(rule.reference)} defined at ${file}:${row}`
        report(work, 'rego_type_error', module.module.package.span, reason)
      }
    }
  }
}

/** `data.a.b` as `a.b`. */
function packageRef(path: RefTerm): RefTerm {
  const [first, ...rest] = path.path
  return first?.kind === 'string'
    ? { ...path, head: { ...path.head, kind: 'var', name: first.value } as never, path: rest }
    : path
}

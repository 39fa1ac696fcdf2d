import type { RefTerm, Term } from '../ast.ts'
import { dottedName } from '../format.ts'
import { maxNameParts } from '../limits.ts'
import { isGround } from '../walk.ts'
import type { Scalar } from './compiled.ts'
import { type Definition, fullReference, isScalar, report, type Signature, type Work } from './work.ts'

/** The definitions by the ground beginning of their names. */
export interface TreeNode {
  readonly key: Term | undefined
  readonly path: readonly Scalar[]
  readonly children: Map<string, TreeNode>
  readonly rules: Definition[]
  isPackage: boolean
}

/** One key for each scalar: equal numbers have one, a string none of theirs. */
export function scalarKey(scalar: Scalar): string {
  switch (scalar.kind) {
    case 'string':
      return `s${scalar.value}`
    case 'number':
      return `n${canonicalNumber(scalar.text)}`
    case 'boolean':
      return `b${scalar.value}`
    case 'null':
      return 'null'
  }
}

/** Digits and exponent without superfluous zeros: 1, 1.0, 10e-1 and 0.1e1 are one. */
function canonicalNumber(text: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(text) ?? []
  const digits = `${whole}${fraction}`.replace(/^0+/, '')
  const trimmed = digits.replace(/0+$/, '')
  if (trimmed === '') return '0'
  return `${sign}${trimmed}e${Number(exponent) - fraction.length + digits.length - trimmed.length}`
}

export function asScalar(term: Term): Scalar | undefined {
  return isScalar(term) ? (term as Scalar) : undefined
}

export function childOf(node: TreeNode, term: Term): TreeNode | undefined {
  const scalar = asScalar(term)
  return scalar === undefined ? undefined : node.children.get(scalarKey(scalar))
}

/** Stage: the tree of all definitions, whose root is `data`. */
export function buildRuleTree(work: Work): TreeNode {
  const root = makeNode(undefined, [])
  for (const module of work.modules) {
    if (isTooLong(work, module.module.package.path)) continue
    place(root, module.path).isPackage = true
    for (const rule of module.rules) {
      const reference = fullReference(rule)
      if (!isTooLong(work, reference)) place(root, groundPrefix(reference.path)).rules.push(rule)
    }
  }
  return root
}

/** The tree is walked with a call for each level: a name of thousands of parts would exhaust the stack. */
function isTooLong(work: Work, { path, span }: RefTerm): boolean {
  if (path.length <= maxNameParts) return false
  report(work, 'rego_compile_error', span, `name of ${path.length} parts, at most ${maxNameParts} can be defined`)
  return true
}

export function groundPrefix(path: readonly Term[]): readonly Term[] {
  const end = path.findIndex(part => !isGround(part))
  return end < 0 ? path : path.slice(0, end)
}

function makeNode(key: Term | undefined, path: readonly Scalar[]): TreeNode {
  return { key, path, children: new Map(), rules: [], isPackage: false }
}

function place(root: TreeNode, path: readonly Term[]): TreeNode {
  let node = root
  for (const part of path) {
    const scalar = part as Scalar & Term
    const key = scalarKey(scalar)
    let next = node.children.get(key)
    if (next === undefined) {
      next = makeNode(part, [...node.path, bare(scalar)])
      node.children.set(key, next)
    }
    node = next
  }
  return node
}

function bare(scalar: Scalar): Scalar {
  switch (scalar.kind) {
    case 'null':
      return { kind: 'null' }
    case 'boolean':
      return { kind: 'boolean', value: scalar.value }
    case 'number':
      return { kind: 'number', text: scalar.text }
    case 'string':
      return { kind: 'string', value: scalar.value }
  }
}

export function isDataRef(ref: RefTerm): boolean {
  return ref.head.kind === 'var' && ref.head.name === 'data'
}

/** The node that a ref names exactly; undefined when there is none. */
export function findNode(tree: TreeNode, ref: RefTerm): TreeNode | undefined {
  if (!isDataRef(ref)) return undefined
  let node: TreeNode | undefined = tree
  for (const part of ref.path) {
    node = childOf(node, part)
    if (node === undefined) return undefined
  }
  return node
}

/** Every definition that a ref could name, at it, above it or below it; a part that is not constant could be any. */
export function rulesNamedBy(tree: TreeNode, ref: RefTerm): ReadonlySet<Definition> {
  const found = new Set<Definition>()
  if (isDataRef(ref)) collect(tree, ref.path, 0, found)
  return found
}

function collect(node: TreeNode, path: readonly Term[], at: number, found: Set<Definition>): void {
  const part = path[at]
  if (part === undefined) {
    for (const below of nodesBelow(node)) for (const rule of below.rules) found.add(rule)
    return
  }
  const children = isConstant(part) ? [childOf(node, part)] : node.children.values()
  for (const child of children) {
    if (child === undefined) continue
    for (const rule of child.rules) found.add(rule)
    collect(child, path, at + 1, found)
  }
}

/** No variables, refs, calls or comprehensions: then only what is equal matches. */
function isConstant(term: Term): boolean {
  switch (term.kind) {
    case 'array':
    case 'set':
      return term.items.every(isConstant)
    case 'object':
      return term.entries.every(({ key, value }) => isConstant(key) && isConstant(value))
    default:
      return isScalar(term)
  }
}

/** The node and all below it, those above first. */
export function* nodesBelow(node: TreeNode): Generator<TreeNode> {
  yield node
  for (const child of node.children.values()) yield* nodesBelow(child)
}

/** The builtin that a ref names. */
export function signatureOf(work: Work, operator: RefTerm): Signature | undefined {
  if (isDataRef(operator)) return undefined
  const name = dottedName(operator)
  return name === undefined ? undefined : work.builtins.get(name)
}

/** How many arguments the function takes; undefined for what is no function and no rule. A rule takes none. */
export function arityOf(work: Work, tree: TreeNode, operator: RefTerm): number | undefined {
  const signature = signatureOf(work, operator)
  if (signature !== undefined) return signature.args.length
  const [rule] = findNode(tree, operator)?.rules ?? []
  return rule === undefined ? undefined : (rule.args?.length ?? 0)
}

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
  children: ReadonlyMap<string, TreeNode>
  readonly rules: Definition[]
  isPackage: boolean
}

/** One key for each scalar: equal numbers have one, a string is its own unless it could be one of theirs. */
export function scalarKey(scalar: Scalar): string {
  switch (scalar.kind) {
    case 'string':
      return keyOfString(scalar.value)
    case 'number':
      return `\0n${canonicalNumber(scalar.text)}`
    case 'boolean':
      return `\0b${scalar.value}`
    case 'null':
      return '\0null'
  }
}

/** The key of a string. */
export const keyOfString = (value: string): string => (value.startsWith('\0') ? `\0s${value}` : value)

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
  for (let i = 0; i < path.length; i++) if (!isGround(path[i]!)) return path.slice(0, i)
  return path
}

function makeNode(key: Term | undefined, path: readonly Scalar[]): TreeNode {
  return { key, path, children: childless, rules: [], isPackage: false }
}

/** Shared: most nodes have no children. */
const childless: ReadonlyMap<string, TreeNode> = new Map()

function addChild(node: TreeNode, key: string, child: TreeNode): void {
  const children = node.children === childless ? new Map<string, TreeNode>() : (node.children as Map<string, TreeNode>)
  node.children = children.set(key, child)
}

function place(root: TreeNode, path: readonly Term[]): TreeNode {
  let node = root
  for (const part of path) {
    const scalar = part as Scalar & Term
    const key = scalarKey(scalar)
    let next = node.children.get(key)
    if (next === undefined) {
      next = makeNode(part, [...node.path, bare(scalar)])
      addChild(node, key, next)
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

/**
 * Adds every definition that a ref could name, with its `else` branches: at the ref, above it or below it; a part that is
 * not constant could be any.
 */
export function addRulesNamedBy(tree: TreeNode, ref: RefTerm, found: Set<Definition>): void {
  if (isDataRef(ref)) collect(tree, ref.path, 0, found)
}

function collect(node: TreeNode, path: readonly Term[], at: number, found: Set<Definition>): void {
  const part = path[at]
  if (part === undefined) addBelow(node, found)
  else if (!isConstant(part)) for (const child of node.children.values()) follow(child, path, at, found)
  else {
    const child = childOf(node, part)
    if (child !== undefined) follow(child, path, at, found)
  }
}

function follow(child: TreeNode, path: readonly Term[], at: number, found: Set<Definition>): void {
  addChains(child, found)
  collect(child, path, at + 1, found)
}

function addBelow(node: TreeNode, found: Set<Definition>): void {
  addChains(node, found)
  for (const child of node.children.values()) addBelow(child, found)
}

function addChains({ rules }: TreeNode, found: Set<Definition>): void {
  for (const rule of rules) {
    for (let branch: Definition | undefined = rule; branch !== undefined; branch = branch.else) found.add(branch)
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

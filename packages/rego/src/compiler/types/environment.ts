import type { RefTerm, Term } from '../../ast.ts'
import type { RegoError } from '../../error.ts'
import { formatTerm } from '../../format.ts'
import { isComprehension } from '../../walk.ts'
import { asScalar, scalarKey } from '../rule-tree.ts'
import { bounded, type Extents } from './bounded.ts'
import {
  anything,
  isConstant,
  keyOf,
  type ObjectType,
  objectType,
  type Property,
  scalarTypes,
  select,
  stringType,
  type Type,
  union,
  valuesOf,
} from './type.ts'

/** Types by the parts of a name. */
export interface TypeNode {
  readonly term: Term | undefined
  value: Type | undefined
  /** By name, for variables. */
  variables: Map<string, TypeNode> | undefined
  /** By `nodeKey`, for all else. */
  children: Map<string, TypeNode> | undefined
}

/** Where types are looked up: variables of a body, then of the bodies around it, then rules, then builtins. */
export interface Environment {
  readonly tree: TypeNode
  readonly next: Environment | undefined
  /** The bodies of comprehensions that were checked in it. */
  closures: Map<Term, Checked> | undefined
  readonly root: Root
}

/** What all environments of a program share. */
export interface Root {
  readonly extents: Extents
  /** The type of a comprehension in an environment; undefined where its body is wrong. */
  comprehension(env: Environment, term: Term): Type | undefined
  /** The type of the builtin with this name. */
  builtin(name: string): Type | undefined
}

/** A body that was checked, with the types of its variables. */
export interface Checked {
  readonly env: Environment
  readonly errors: readonly RegoError[]
}

export function makeNode(term: Term | undefined): TypeNode {
  return { term, value: undefined, variables: undefined, children: undefined }
}

export function makeEnvironment(root: Root, next: Environment | undefined): Environment {
  return { tree: makeNode(undefined), next, closures: undefined, root }
}

export function wrap(env: Environment): Environment {
  return makeEnvironment(env.root, env)
}

/** Equal keys for equal terms. */
function nodeKey(term: Term): string {
  const scalar = asScalar(term)
  return scalar === undefined ? `\0c${formatTerm(term)}` : scalarKey(scalar)
}

export function childOf(node: TypeNode, term: Term): TypeNode | undefined {
  if (term.kind === 'var') return node.variables?.get(term.name)
  return node.children?.get(nodeKey(term))
}

export function ensureChild(node: TypeNode, term: Term): TypeNode {
  const found = childOf(node, term)
  if (found !== undefined) return found
  const made = makeNode(term)
  if (term.kind === 'var') {
    node.variables ??= new Map()
    node.variables.set(term.name, made)
  } else {
    node.children ??= new Map()
    node.children.set(nodeKey(term), made)
  }
  return made
}

export function* childrenOf(node: TypeNode): Generator<TypeNode> {
  if (node.children !== undefined) yield* node.children.values()
  if (node.variables !== undefined) yield* node.variables.values()
}

export function putVar(env: Environment, term: Term, type: Type | undefined): void {
  ensureChild(env.tree, term).value = limited(env, type)
}

/** As `bounded`, for a type that need not be known. */
export function limited({ root }: Environment, type: Type | undefined): Type | undefined {
  return type && bounded(root.extents, type)
}

/** The parts of a ref, its head first. */
export function partsOf(ref: RefTerm): readonly Term[] {
  return [ref.head, ...ref.path]
}

/** The type of a term; undefined where it is not known. */
export function typeOf(env: Environment, term: Term): Type | undefined {
  switch (term.kind) {
    case 'null':
    case 'boolean':
    case 'number':
    case 'string':
      return scalarTypes[term.kind]
    case 'template':
      return stringType
    case 'array': {
      const items = term.items.map(item => typeOf(env, item))
      return limited(env, { kind: 'array', items, rest: items.length === 0 ? anything : undefined })
    }
    case 'set': {
      let of: Type | undefined
      for (const item of term.items) of = union(of, typeOf(env, item))
      return limited(env, { kind: 'set', of: of ?? anything })
    }
    case 'object':
      return limited(env, typeOfObject(env, term.entries))
    case 'ref':
      return typeOfRef(env, partsOf(term))
    case 'var':
      return typeOfVar(env, term)
    case 'call':
      return undefined
    default:
      return isComprehension(term) ? env.root.comprehension(env, term) : undefined
  }
}

function typeOfObject(env: Environment, entries: readonly { readonly key: Term; readonly value: Term }[]): ObjectType {
  const properties = new Map<string, Property>()
  let rest: ObjectType['rest']
  for (const { key, value } of entries) {
    const constant = keyOf(key)
    if (constant === undefined) rest = { key: typeOf(env, key), value: typeOf(env, value) }
    else properties.set(constant.id, { key: constant, value: typeOf(env, value) })
  }
  if (properties.size === 0 && rest === undefined) rest = { key: anything, value: anything }
  return objectType([...properties.values()], rest)
}

function typeOfVar(env: Environment, term: Term): Type | undefined {
  for (let at: Environment | undefined = env; at !== undefined; at = at.next) {
    const node = childOf(at.tree, term)
    if (node !== undefined) return node.value
  }
  return undefined
}

export function typeOfRef(env: Environment, parts: readonly Term[]): Type | undefined {
  const node = childOf(env.tree, parts[0]!)
  return node === undefined ? typeFurtherOut(env, parts) : typeBelow(env, node, parts, 1)
}

function typeFurtherOut(env: Environment, parts: readonly Term[]): Type | undefined {
  if (env.next !== undefined) return typeOfRef(env.next, parts)
  return isDocument(parts[0]!) ? anything : typeOfBuiltin(env, parts)
}

function typeOfBuiltin({ root }: Environment, [head, ...path]: readonly Term[]): Type | undefined {
  if (head?.kind !== 'var') return undefined
  let name = head.name
  for (const part of path) {
    if (part.kind !== 'string') return undefined
    name += `.${part.value}`
  }
  return root.builtin(name)
}

export function isDocument(term: Term): boolean {
  return term.kind === 'var' && (term.name === 'input' || term.name === 'data')
}

function typeBelow(env: Environment, node: TypeNode, parts: readonly Term[], at: number): Type | undefined {
  const part = parts[at]
  if (part === undefined) return extentOf(node)
  if (node.value !== undefined) {
    const child = childOf(node, part)
    return child === undefined ? selectPath(node.value, parts, at) : typeBelow(env, child, parts, at + 1)
  }
  if (!isConstant(part)) return selectPath(extentOf(node), parts, at)
  const child = childOf(node, part)
  return child === undefined ? typeFurtherOut(env, parts) : typeBelow(env, child, parts, at + 1)
}

/** All that stands at a place and below it, as one type; base documents can add any string key. */
export function extentOf(node: TypeNode): Type | undefined {
  if (node.value !== undefined) return node.value
  const properties: Property[] = []
  for (const child of childrenOf(node)) {
    const { term } = child
    if (term === undefined || (term.kind !== 'string' && term.kind !== 'number' && term.kind !== 'boolean')) continue
    properties.push({ key: keyOf(term)!, value: extentOf(child) })
  }
  return objectType(properties, { key: stringType, value: anything })
}

/** The type of what the rest of a ref selects. */
function selectPath(type: Type | undefined, parts: readonly Term[], from: number): Type | undefined {
  let found = type
  for (const part of parts.slice(from)) {
    if (found === undefined) return undefined
    const variable = part.kind === 'var' || part.kind === 'ref' || !isScalarKind(part)
    found = variable ? valuesOf(found) : selectConstant(found, part)
  }
  return found
}

function isScalarKind(term: Term): boolean {
  return term.kind === 'string' || term.kind === 'number' || term.kind === 'boolean' || term.kind === 'null'
}

export function selectConstant(type: Type | undefined, term: Term): Type | undefined {
  const key = keyOf(term)
  return key === undefined ? undefined : select(type, key)
}

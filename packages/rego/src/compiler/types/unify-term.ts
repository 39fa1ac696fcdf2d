import type { ArrayTerm, ObjectTerm, SetTerm, Term } from '../../ast.ts'
import { formatTerm } from '../../format.ts'
import { type Environment, putVar, selectConstant, typeOf } from './environment.ts'
import { anything, isAnything, isConstant, isUnknown, itemAt, type Type, union, valuesOf } from './type.ts'
import { unifies } from './unifies.ts'

/** Whether `a = b` can hold; variables learn their types from it. */
export function unifyTerms(env: Environment, a: Term, b: Term): boolean {
  const typeA = typeOf(env, a)
  const typeB = typeOf(env, b)
  const unknownA = isUnknown(typeA)
  const unknownB = isUnknown(typeB)
  if (unknownA && !unknownB) return unifyTerm(env, a, typeB!, false)
  if (unknownB && !unknownA) return unifyTerm(env, b, typeA!, false)
  if (!unknownA && !unknownB) return unifies(typeA, typeB)
  if (a.kind === 'array') return unifyArrays(env, a, b)
  if (a.kind === 'object') return unifyObjects(env, a, b)
  if (a.kind !== 'var') return false
  if (b.kind === 'array') return unifyArrays(env, b, a)
  if (b.kind === 'object') return unifyObjects(env, b, a)
  return b.kind === 'var' && unifyVars(env, a, b)
}

function unifyVars(env: Environment, a: Term, b: Term): boolean {
  if (!unifyTerm(env, a, anything, false)) return false
  const type = typeOf(env, a)
  return type !== undefined && unifyTerm(env, b, type, false)
}

function unifyArrays(env: Environment, a: ArrayTerm, b: Term): boolean {
  if (b.kind === 'var') return unifyVars(env, a, b)
  if (b.kind !== 'array' || a.items.length !== b.items.length) return false
  return a.items.every((item, i) => unifyTerms(env, item, b.items[i]!))
}

function unifyObjects(env: Environment, a: ObjectTerm, b: Term): boolean {
  if (b.kind === 'var') return unifyVars(env, a, b)
  if (b.kind !== 'object' || a.entries.length !== b.entries.length) return false
  const others = new Map(b.entries.map(({ key, value }) => [formatTerm(key), value]))
  return a.entries.every(({ key, value }) => {
    const other = others.get(formatTerm(key))
    return other !== undefined && unifyTerms(env, value, other)
  })
}

/** Whether the term can be of the type. With `widen` a variable may get a further type instead of having to have it. */
export function unifyTerm(env: Environment, term: Term, type: Type, widen: boolean): boolean {
  switch (term.kind) {
    case 'array':
      return unifyComposite(env, term, type, 'array', found => unifyItems(env, term, found, widen))
    case 'object':
      return unifyComposite(env, term, type, 'object', found => unifyEntries(env, term, found, widen))
    case 'set':
      return unifyComposite(env, term, type, 'set', found => unifyMembers(env, term, found, widen))
    case 'var': {
      const known = typeOf(env, term)
      if (widen) putVar(env, term, union(known, type))
      else if (known !== undefined) return unifies(known, type)
      else putVar(env, term, type)
      return true
    }
    default:
      return unifies(typeOf(env, term), type)
  }
}

function unifyComposite<K extends 'array' | 'object' | 'set'>(
  env: Environment,
  term: Term,
  type: Type,
  kind: K,
  unifyParts: (type: Type & { kind: K }) => boolean,
): boolean {
  if (type.kind === kind) return unifyParts(type as Type & { kind: K })
  if (type.kind !== 'any') return false
  if (isAnything(type)) {
    for (const part of childrenOf(term)) unifyTerm(env, part, anything, true)
    return true
  }
  let found = false
  for (const member of type.of) found = unifyTerm(env, term, member, true) || found
  return found
}

function childrenOf(term: Term): readonly Term[] {
  if (term.kind === 'object') return term.entries.flatMap(({ key, value }) => [key, value])
  return term.kind === 'array' || term.kind === 'set' ? term.items : []
}

function unifyItems(env: Environment, { items }: ArrayTerm, type: Type & { kind: 'array' }, widen: boolean): boolean {
  if (items.length !== type.items.length && type.rest === undefined) return false
  return items.every((item, i) => {
    const expected = itemAt(type, i)
    return expected === undefined ? unifyUnknown(env, item, widen) : unifyTerm(env, item, expected, widen)
  })
}

/** Nothing fits a type that is not known, but a variable without a type. */
function unifyUnknown(env: Environment, term: Term, widen: boolean): boolean {
  return term.kind === 'var' && (widen || typeOf(env, term) === undefined)
}

function unifyEntries(
  env: Environment,
  { entries }: ObjectTerm,
  type: Type & { kind: 'object' },
  widen: boolean,
): boolean {
  if (entries.length !== type.properties.length && type.rest?.value === undefined) return false
  return entries.every(({ key, value }) => {
    if (!isConstant(key)) {
      unifyTerm(env, value, anything, widen)
      return true
    }
    const child = selectConstant(type, key)
    return child !== undefined && unifyTerm(env, value, child, widen)
  })
}

function unifyMembers(env: Environment, { items }: SetTerm, type: Type & { kind: 'set' }, widen: boolean): boolean {
  const of = valuesOf(type)
  return items.every(item => (of === undefined ? unifyUnknown(env, item, widen) : unifyTerm(env, item, of, widen)))
}

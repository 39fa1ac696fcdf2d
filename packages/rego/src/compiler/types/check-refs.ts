import type { Expr, RefTerm, Term } from '../../ast.ts'
import type { RegoError } from '../../error.ts'
import { formatTerm, formatVar } from '../../format.ts'
import { rewriteTerms } from '../transform.ts'
import { compileError, isGenerated, type Work } from '../work.ts'
import {
  childOf,
  childrenOf,
  type Environment,
  extentOf,
  isDocument,
  partsOf,
  putVar,
  selectConstant,
  type TypeNode,
  typeOf,
  typeOfRef,
} from './environment.ts'
import { anything, formatType, keysOf, stringType, type Type, valuesOf } from './type.ts'
import { unifies } from './unifies.ts'
import { unifyTerm } from './unify-term.ts'

/** Checks that each part of a ref can select something; variables in its path learn their types from it. */
export class RefChecker {
  readonly #work: Work
  readonly #env: Environment
  readonly #errors: RegoError[]

  constructor(work: Work, env: Environment, errors: RegoError[]) {
    this.#work = work
    this.#env = env
    this.#errors = errors
  }

  /** The refs of an expression, those of comprehensions, callees and `with` apart. */
  checkExpr(expr: Expr): void {
    switch (expr.kind) {
      case 'term':
        this.#checkTerm(expr.term)
        break
      case 'call':
        for (const arg of expr.args) this.#checkTerm(arg)
        break
      case 'every':
        this.#checkTerm(expr.domain)
        for (const inner of expr.body) this.checkExpr(inner)
        break
      case 'some':
    }
  }

  #checkTerm(term: Term): void {
    switch (term.kind) {
      case 'ref':
        if (!this.#checkRef(term)) break
        this.#checkTerm(term.head)
        for (const part of term.path) this.#checkTerm(part)
        break
      case 'array':
      case 'set':
        for (const item of term.items) this.#checkTerm(item)
        break
      case 'object':
        for (const { key, value } of term.entries) {
          this.#checkTerm(key)
          this.#checkTerm(value)
        }
        break
      default:
    }
  }

  /** True when the parts of the ref are to be looked at too. */
  #checkRef(ref: RefTerm): boolean {
    const parts = partsOf(ref)
    const type = typeOfRef(this.#env, parts)
    if (type?.kind === 'function') {
      this.#errors.push(this.#functionError(ref, type))
      return false
    }
    const error = this.#checkPath({ ref, parts }, this.#env)
    if (error !== undefined) this.#errors.push(error)
    return true
  }

  #checkPath(place: Place, env: Environment): RegoError | undefined {
    let node: TypeNode = env.tree
    for (const [i, part] of place.parts.entries()) {
      const before = node
      if ((i === 1 || i === 2) && part.kind !== 'var' && part.kind !== 'string') {
        return this.#invalid(place, i, typeOf(this.#env, part), stringType, before)
      }
      if (part.kind === 'var' && i > 0) {
        const keys = keysOf(extentOf(node))
        const known = typeOf(this.#env, part)
        if (known === undefined) putVar(this.#env, part, keys)
        else if (!unifies(keys, known)) return this.#invalid(place, i, known, keys, before)
      }
      const child = childOf(node, part)
      if (child === undefined) {
        if (env.next !== undefined) return this.#checkPath(place, env.next)
        const known = isDocument(place.parts[0]!) ? 1 : 0
        return this.#checkLeaf(place, anything, known)
      }
      if (child.value !== undefined) return this.#checkLeaf(place, child.value, i + 1)
      node = child
    }
    return undefined
  }

  #checkLeaf(place: Place, from: Type, start: number): RegoError | undefined {
    let type: Type | undefined = from
    for (let i = start; i < place.parts.length; i++) {
      const part = place.parts[i]!
      const keys = keysOf(type)
      if (keys === undefined) {
        if (type?.kind === 'function') return this.#functionError(place.ref, type)
        return this.#undefinedRef(place.ref, [`have: ${formatType(type)}`])
      }
      if (part.kind === 'var' || part.kind === 'ref') {
        const known = typeOf(this.#env, part)
        if (known === undefined) {
          if (part.kind === 'var') putVar(this.#env, part, keys)
        } else if (!unifies(known, keys)) return this.#invalid(place, i, known, keys)
      } else if (part.kind === 'array' || part.kind === 'object' || part.kind === 'set') {
        if (!unifyTerm(this.#env, part, keys, false)) return this.#invalid(place, i, typeOf(this.#env, part), keys)
      } else {
        const child: Type | undefined = selectConstant(type, part)
        if (child === undefined) return this.#invalid(place, i, undefined, keys)
        type = child
        continue
      }
      type = valuesOf(type)
    }
    return undefined
  }

  #invalid(
    { ref, parts }: Place,
    index: number,
    have: Type | undefined,
    want: Type | undefined,
    node?: TypeNode,
  ): RegoError {
    const part = parts[index]!
    const got = have === undefined ? `have: ${formatTerm(part)}` : `have (type): ${formatType(have)}`
    const keys = [...(node === undefined ? [] : childrenOf(node))].map(({ term }) =>
      term === undefined ? '' : formatTerm(term),
    )
    const wanted =
      keys.length > 0 ? `want (one of): [${keys.toSorted().join(' ')}]` : `want (type): ${formatType(want)}`
    return this.#undefinedRef(ref, [got, wanted])
  }

  #undefinedRef(ref: RefTerm, details: readonly string[]): RegoError {
    const shown = this.#shown(ref)
    return compileError('rego_type_error', ref.head.span, `undefined ref: ${shown}`, [shown, ...details])
  }

  #functionError(ref: RefTerm, type: Type): RegoError {
    // `f[l]` is what is left of `f(x)` used in a ref: the local means nothing to the user.
    const last = ref.path.at(-1)
    const called = last?.kind === 'var' && isGenerated(last.name) ? { ...ref, path: ref.path.slice(0, -1) } : ref
    const reason = `function ${this.#shown(called)} used as reference, not called`
    return compileError('rego_type_error', ref.head.span, reason, [`have: ${formatType(type)}`])
  }

  /** The ref with the user's names in it. */
  #shown(ref: RefTerm): string {
    return formatTerm(
      rewriteTerms(ref, term => {
        if (term.kind !== 'var') return term
        return { ...term, name: this.#work.names.get(term.name) ?? formatVar(term.name) }
      }),
    )
  }
}

interface Place {
  readonly ref: RefTerm
  /** The head and the path. */
  readonly parts: readonly Term[]
}

import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { builtins } from '../builtins/index.ts'
import { parseModule, parseQuery } from '../parser/module.ts'
import { compile } from './compile.ts'
import type { CompiledBody, CompiledRule, CompiledTerm, Program, RuleNode, Statement } from './compiled.ts'
import { readPrograms } from './testdata/programs.mjs'
import type { Signature } from './work.ts'

const compileText = (text: string, query?: string): Program =>
  compile({
    modules: [parseModule('a.rego', `package a\n${text}`)],
    builtins,
    ...(query === undefined ? {} : { query: parseQuery(query) }),
  })

const allRules = (node: RuleNode): readonly CompiledRule[] =>
  [
    ...node.rules,
    ...(node.default === undefined ? [] : [node.default]),
    ...[...node.children.values()].flatMap(allRules),
  ].toSorted((a, b) => a.span.start - b.span.start)

const rulesOf = (text: string): readonly CompiledRule[] => allRules(compileText(text).tree)

function termsOf(statement: Statement): readonly CompiledTerm[] {
  const values = statement.with.flatMap(({ value }) => (value.kind === 'term' ? [value.term] : []))
  switch (statement.kind) {
    case 'test':
      return [statement.term, ...values]
    case 'unify':
      return [statement.left, statement.right, ...values]
    case 'call':
      return [...statement.args, ...(statement.result === undefined ? [] : [statement.result]), ...values]
    case 'every':
      return [statement.domain, ...values]
  }
}

/** Fails where a local is read that nothing has bound; returns what the term mentions outside of its closures. */
function check(term: CompiledTerm, bound: ReadonlySet<number>): readonly number[] {
  switch (term.kind) {
    case 'local':
      return [term.slot]
    case 'ref':
      return [
        ...(term.base.kind === 'local' ? [term.base.slot] : []),
        ...term.path.flatMap(part => {
          expect(['ref', 'array-comprehension', 'set-comprehension', 'object-comprehension']).not.toContain(part.kind)
          return check(part, bound)
        }),
      ]
    case 'array':
    case 'set':
      return term.items.flatMap(item => check(item, bound))
    case 'object':
      return term.entries.flatMap(({ key, value }) => [...check(key, bound), ...check(value, bound)])
    case 'array-comprehension':
    case 'set-comprehension':
    case 'object-comprehension': {
      for (const slot of term.captures) expect(bound).toContain(slot)
      for (const slot of term.own) expect(bound).not.toContain(slot)
      const inner = checkBody(term.body, bound)
      const heads = term.kind === 'object-comprehension' ? [term.key, term.value] : [term.term]
      for (const slot of heads.flatMap(head => check(head, inner))) expect(inner).toContain(slot)
      return []
    }
    default:
      return []
  }
}

function checkBody(body: CompiledBody, before: ReadonlySet<number>): ReadonlySet<number> {
  const bound = new Set(before)
  for (const statement of body) {
    for (const slot of statement.binds) expect(bound).not.toContain(slot)
    if (statement.negated) expect(statement.binds).toEqual([])
    const known = new Set([...bound, ...statement.binds])
    for (const slot of termsOf(statement).flatMap(term => check(term, bound))) expect(known).toContain(slot)
    if (statement.kind === 'every') {
      const inner = new Set(bound)
      for (const term of [statement.key, statement.value]) if (term?.kind === 'local') inner.add(term.slot)
      checkBody(statement.body, inner)
    }
    for (const slot of statement.binds) bound.add(slot)
  }
  return bound
}

function checkProgram(program: Program): void {
  for (const rule of allRules(program.tree)) {
    expect(rule.locals.map(({ slot }) => slot)).toEqual(rule.locals.map((_, i) => i))
    const args = new Set(rule.args.flatMap(arg => check(arg, new Set())))
    for (const { body, value } of rule.branches) {
      const bound = checkBody(body, args)
      const head = [value, ...(rule.branches[0]!.body === body ? [rule.member, ...rule.keys] : [])]
      for (const slot of head.flatMap(term => (term === undefined ? [] : check(term, bound))))
        expect(bound).toContain(slot)
    }
  }
  if (program.query !== undefined) {
    const bound = checkBody(program.query.body, new Set())
    for (const { slot } of program.query.outputs) expect(bound).toContain(slot)
  }
}

describe('compiled bodies', () => {
  const valid = fileURLToPath(new URL('testdata/valid', import.meta.url))

  it.each(readPrograms(valid))('bind each local before it is read: $name', ({ modules, query }) => {
    const parsed = Object.entries(modules).map(([file, text]) => parseModule(file, text))
    const body = query === undefined ? {} : { query: parseQuery(query) }
    checkProgram(compile({ modules: parsed, builtins, ...body }))
  })

  it('keep the order of what needs no other', () => {
    const [rule] = rulesOf('p if {\n\tinput.c == 3\n\tinput.a == 1\n\tinput.b == 2\n}')
    expect(rule!.branches[0]!.body.map(({ index }) => index)).toEqual([0, 1, 2])
  })

  it('wait for what they need', () => {
    const [rule] = rulesOf('p if {\n\ty > x\n\tx = 1\n\ty = x + 1\n}')
    expect(rule!.branches[0]!.body.map(({ index }) => index)).toEqual([1, 2, 2, 0])
  })

  it('evaluate operands of a negation outside of it, as OPA does', () => {
    const [rule] = rulesOf('p if not startswith(input.x, "a")')
    expect(rule!.branches[0]!.body.map(({ kind, negated }) => [kind, negated])).toEqual([
      ['unify', false],
      ['call', true],
    ])
  })
})

describe('rules', () => {
  it.each([
    ['p := 1', 'complete', 'data.a.p'],
    ['p contains 1', 'set', 'data.a.p'],
    ['p[x] := 1 if x := 2', 'object', 'data.a.p[x]'],
    ['p["q"] := 1', 'complete', 'data.a.p.q'],
    ['p.q[x].r := 1 if x := 2', 'object', 'data.a.p.q[x].r'],
    ['f(x) := x', 'function', 'data.a.f'],
    ['default p := 1', 'complete', 'data.a.p'],
  ])('%s is %s', (text, kind, name) => {
    const [rule] = rulesOf(text)
    expect(rule).toMatchObject({ kind, name })
  })

  it('stand at the ground beginning of their names', () => {
    const { tree } = compileText('p.q[x].r := 1 if x := 2\n\np[1] := 1\n\np[1.0] := 1')
    const p = tree.children.get('a')!.children.get('p')!
    expect([...p.children.keys()].toSorted()).toHaveLength(2)
    expect([...p.children.values()].find(({ path }) => path.at(-1)?.kind === 'number')!.rules).toHaveLength(2)
  })

  it('keep the names of users, not those of the compiler', () => {
    const [rule] = rulesOf('p if {\n\tsome x\n\tinput.xs[_] = x\n\tcount(x) > 1\n}')
    expect(rule!.locals.flatMap(({ name }) => name ?? [])).toEqual(['x'])
  })

  it('know which host functions they reach', () => {
    const ask: Signature = { name: 'my.ask', args: [], result: { kind: 'string' }, host: true }
    const modules = [
      parseModule('a.rego', 'package a\np := q\n\nq := f(1)\n\nf(x) := [x, my.ask()]\n\nr := count([1])'),
    ]
    const program = compile({ modules, builtins: new Map<string, Signature>([...builtins, ['my.ask', ask]]) })
    expect(allRules(program.tree).map(({ name, hosts }) => [name, ...hosts])).toEqual([
      ['data.a.p', 'my.ask'],
      ['data.a.q', 'my.ask'],
      ['data.a.f', 'my.ask'],
      ['data.a.r'],
    ])
  })

  it('exit early where all values are one scalar', () => {
    const rules = rulesOf(
      'p if input.a\n\np if input.b\n\nq := 1 if input.a\n\nq := 2 if input.b\n\ndefault p := false',
    )
    expect(rules.map(({ branches }) => branches[0]!.earlyExit)).toEqual([true, true, false, false, false])
  })
})

describe('queries', () => {
  it('give the variables of the user', () => {
    const { query } = compileText('p := 1', 'data.a.p = x; y := x + 1; [_, z] = [1, 2]; count([w | w = 1]) > 0')
    expect(query!.outputs.map(({ name }) => name).toSorted()).toEqual(['x', 'y', 'z'])
  })
})

describe('recorded programs', () => {
  it('come from the version of OPA that is agreed with', () => {
    const module = fileURLToPath(new URL('../../../../interop/peers/opa/go.mod', import.meta.url))
    expect(path.basename(module)).toBe('go.mod')
    expect(readFileSync(module, 'utf8')).toContain('github.com/open-policy-agent/opa v1.14.1')
  })
})

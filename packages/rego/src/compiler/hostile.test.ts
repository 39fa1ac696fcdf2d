import { performance } from 'node:perf_hooks'
import { expect, test } from 'vitest'
import { prepare, RegoError } from '../index.ts'
import { maxCompileMilliseconds, maxNameParts } from '../limits.ts'

const lines = (count: number, make: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => make(i)).join('\n')

const doubling = (name: string): string => lines(60, i => `${name}${i + 1} := [${name}${i}, ${name}${i}]`)

const hostile: readonly (readonly [name: string, rules: string, code: string])[] = [
  ['rules whose types double', `a0 := [1, "x"]\n${doubling('a')}\nr := a60`, 'none'],
  ['locals whose types double', `r := a60 if {\na0 := [1, "x"]\n${doubling('a')}\n}`, 'none'],
  [
    'a comparison of types that double',
    `r if {\na0 := 1\nb0 := 1\n${doubling('a')}\n${doubling('b')}\na60 == b60\n}`,
    'none',
  ],
  [
    'a message about a large type',
    `r if {\na0 := 1\n${lines(10, i => `a${i + 1} := [a${i}, a${i}]`)}\na10 == 1\n}`,
    'rego_type_error',
  ],
  ['types inside types', `r if {\na0 := 1\n${lines(3000, i => `a${i + 1} := [a${i}]`)}\na3000 == 1\n}`, 'none'],
  [
    'a comparison of nested literals',
    `r if ${'['.repeat(100)}1${']'.repeat(100)} == ${'['.repeat(100)}2${']'.repeat(100)}`,
    'none',
  ],
  [
    'objects whose types double',
    `r := a40 if {\na0 := input.x\n${lines(40, i => `a${i + 1} := {"a": a${i}, "b": a${i}}`)}\n}`,
    'none',
  ],
  [
    'functions whose types double',
    `f0(x) := [x, x]\n${lines(40, i => `f${i + 1}(x) := [f${i}(x), f${i}(x)]`)}\nr := f40(1)`,
    'none',
  ],
  ['a set of thousands of types', lines(3000, i => `r contains {"k${i}": ${i}}`), 'none'],
  ['a chain of thousands of rules', `r := a3000\na0 := 1\n${lines(3000, i => `a${i + 1} := a${i} + 1`)}`, 'none'],
  [
    'a cycle of thousands of rules',
    `r := a0\n${lines(2000, i => `a${i} := a${(i + 1) % 2000}`)}`,
    'rego_recursion_error',
  ],
  [
    'rules that all name each other',
    `r := 1\n${lines(150, i => `p${i} if { ${lines(150, j => `p${j}`)} }`)}`,
    'rego_recursion_error',
  ],
  ['a body in the worst order', `r if {\n${lines(1000, i => `x${i} = x${i + 1} + 1`)}\nx1000 = 1\n}`, 'none'],
  ['thousands of unsafe variables', `r if {\n${lines(3000, i => `x${i} == x${i + 1}`)}\n}`, 'rego_unsafe_var_error'],
  ['comprehensions inside each other', `r := ${'[x | x := '.repeat(100)}1${']'.repeat(100)}`, 'none'],
  [
    'thousands of branches',
    `r := 1 if { input.x == 0 }${lines(2000, i => ` else := ${i} if { input.x == ${i} }`).replaceAll('\n', '')}`,
    'none',
  ],
  ['a template of thousands of parts', `r := $"${'{input.x}'.repeat(2000)}"`, 'none'],
  ['a name of thousands of parts', `r${'.b'.repeat(5000)} := 1`, 'rego_compile_error'],
  ['a ref of thousands of parts', `r := input${'.b'.repeat(50_000)}`, 'none'],
  ['a huge object', `r := {${lines(20_000, i => `"k${i}": {"a": ${i}},`)}}`, 'none'],
  ['a huge text', `r := "${'x'.repeat(1_000_000)}"`, 'none'],
  [
    'thousands of `with`',
    `q if input.x\nr if {\n${lines(1000, i => `q with input as {"x": ${i}} with data.z as 1`)}\n}`,
    'none',
  ],
  ['thousands of `every`', `r if {\n${lines(500, () => 'every x in [1, 2] { x > 0 }')}\n}`, 'none'],
]

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof RegoError) return error.code
    throw error
  }
  return 'none'
}

test.each(hostile)('%s compile in time', (_name, rules, code) => {
  const start = performance.now()
  expect(codeOf(() => prepare({ modules: { 'p.rego': `package p\n\n${rules}` }, query: 'data.p.r = x' }))).toBe(code)
  expect(performance.now() - start).toBeLessThan(maxCompileMilliseconds)
})

test('a package of thousands of parts is refused', () => {
  const modules = { 'p.rego': `package p${'.q'.repeat(maxNameParts)}\n\nr := 1` }
  expect(codeOf(() => prepare({ modules, query: 'data.p = x' }))).toBe('rego_compile_error')
})

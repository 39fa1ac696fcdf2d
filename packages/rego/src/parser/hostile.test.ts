import { describe, expect, it } from 'vitest'
import { builtins } from '../builtins/index.ts'
import { compile } from '../compiler/compile.ts'
import { RegoError, renderError } from '../error.ts'
import { maxModuleLength } from '../limits.ts'
import { parseAnnotated } from '../testing/parse-annotated.ts'
import { parseModule } from './module.ts'

/** Reads and compiles; anything but success and a RegoError fails the test. */
function outcome(text: string): string {
  try {
    compile({ modules: [parseAnnotated('a.rego', text)], builtins })
    return 'fine'
  } catch (error) {
    if (!(error instanceof RegoError)) throw error
    expect(renderError(error)).not.toBe('')
    return error.code
  }
}

const sample = `# METADATA
# title: sample
package a.b["c d"]

import data.x as y
import rego.v1

default p := {"a": [1, -2.5e3, null]}

p[k].q contains v if {
	some k, v in input.xs[_] with input.z as y
	not k == "\\u00e9\\n"
	every i, e in [1, 2] { e > i }
} 

f(x, [_, z]) := $"a {x} \\{ {z + 1}" if {
	x := {i: j | j = data.t[i][\`raw\`]}
} else := {1, 2} | set() if x.if.not
`

describe('hostile texts', () => {
  it('end in a coded error wherever they are cut', () => {
    for (let end = 0; end <= sample.length; end++) outcome(sample.slice(0, end))
  })

  it('end in a coded error whichever character is lost, doubled or changed', () => {
    const changes = ['', '(', ']', '"', '`', '{', '}', '\n', '.', '$', '\0', '\ud800', '_', '0', '#']
    for (let at = 0; at < sample.length; at += 7) {
      for (const change of changes) outcome(sample.slice(0, at) + change + sample.slice(at + 1))
      outcome(sample.slice(0, at) + sample[at]! + sample.slice(at))
    }
  })

  const many = 100_000
  it.each([
    ['brackets', `p := ${'['.repeat(many)}`],
    ['closed brackets', `p := ${'['.repeat(many)}${']'.repeat(many)}`],
    ['braces', `p := ${'{'.repeat(many)}`],
    ['objects', `p := ${'{"a":'.repeat(many)}1${'}'.repeat(many)}`],
    ['parens', `p := ${'('.repeat(many)}`],
    ['calls', `p := ${'f('.repeat(many)}`],
    ['selectors of calls', `p := f${'(1)[0]'.repeat(many)}`],
    ['brackets in refs', `p := input${'[input'.repeat(many)}`],
    ['comprehensions', `p := ${'[1 | '.repeat(many)}`],
    ['sums', `p := 1${' + 1'.repeat(many)}`],
    ['unions', `p := {1}${' | {1}'.repeat(many)}`],
    ['memberships', `p if { 1${' in [1]'.repeat(many)} }`],
    ['minus signs', `p := ${'- '.repeat(many)}1`],
    ['every', `p if { ${'every x in [1] { '.repeat(many)}`],
    ['templates', `p := ${'$"{'.repeat(many)}`],
    ['nots', `p if { ${'not '.repeat(many)} }`],
  ])('nested %s are refused', (_, text) => {
    expect(outcome(`package a\n${text}`)).toBe('rego_parse_error')
  })

  it.each([
    ['else branches', `p := 1 if { false }${' else := 2 if { false }'.repeat(1500)}`],
    ['rules', 'p := 1\n'.repeat(4_000)],
    ['expressions', `p if {\n${'input.x == 1\n'.repeat(1_000)}}`],
    ['path parts', `p := input${'.a'.repeat(20_000)}`],
    ['items', `p := [${'1,'.repeat(50_000)}]`],
    ['a chain of rules', `${Array.from({ length: 800 }, (_, i) => `p${i} if p${i + 1}`).join('\n')}\np800 := true`],
    ['a string', `p := "${'x'.repeat(1_000_000)}"`],
    ['imports', Array.from({ length: 5_000 }, (_, i) => `import data.x${i}`).join('\n')],
    ['bodies', `p if { true }${' { true }'.repeat(1_500)}`],
  ])('many %s are not', (_, text) => {
    expect(outcome(`package a\n${text}`)).toMatch(/^(fine|rego_type_error)$/)
  })

  it('that are too long are not read', () => {
    expect(outcome(`package a\n#${'x'.repeat(maxModuleLength)}`)).toBe('rego_parse_error')
  })

  it('have no control characters in what is printed of them', () => {
    try {
      parseModule('a.rego', 'package a\np := "\u001b[31m" + \u0007')
    } catch (error) {
      expect(renderError(error as RegoError)).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/)
      return
    }
    expect.unreachable()
  })
})

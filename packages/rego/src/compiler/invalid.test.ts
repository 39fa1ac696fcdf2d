import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { builtins } from '../builtins/index.ts'
import { RegoError } from '../error.ts'
import { parseQuery } from '../parser/module.ts'
import { parseAnnotated } from '../testing/parse-annotated.ts'
import { compile } from './compile.ts'
import { type Program, readPrograms } from './testdata/programs.mjs'

interface Recorded {
  readonly code: string
  readonly message: string
  readonly file?: string
  readonly row?: number
}

const testdata = fileURLToPath(new URL('testdata', import.meta.url))
const recorded = JSON.parse(readFileSync(path.join(testdata, 'invalid.json'), 'utf8')) as Record<string, Recorded[]>
const invalid = readPrograms(path.join(testdata, 'invalid'))
const options = { isBuiltin: (name: string): boolean => builtins.has(name) }

function compileProgram({ modules, query, strict }: Program): void {
  const parsed = Object.entries(modules).map(([file, text]) => parseAnnotated(file, text, options))
  const body = query === undefined ? {} : { query: parseQuery(query, options) }
  compile({ modules: parsed, ...body, builtins, strict })
}

function errorsOf(program: Program): readonly RegoError[] {
  try {
    compileProgram(program)
  } catch (error) {
    if (error instanceof RegoError) return error.errors
    throw error
  }
  return []
}

const summary = ({ code, message }: { readonly code: string; readonly message: string }): string =>
  `${code}: ${message}`

describe('invalid programs', () => {
  it('are many, and each is recorded', () => {
    expect(invalid.length).toBeGreaterThan(500)
    expect(new Set(invalid.map(({ name }) => name))).toEqual(new Set(Object.keys(recorded)))
  })

  it.each(invalid)('$name', program => {
    const expected = recorded[program.name]!
    const found = errorsOf(program)
    const parse = expected[0]?.code === 'rego_parse_error' && found.length === 1
    // After its first parse error OPA reports what follows from it.
    const all = parse ? expected.slice(0, 1) : expected
    const shown = found.map(({ code, reason }) => summary({ code, message: reason }))
    expect(shown.toSorted()).toEqual(all.map(summary).toSorted())
    for (const { row, file, message } of all) {
      if (row === undefined || row === 0 || file === undefined) continue
      const at = found.filter(({ reason }) => reason === message).map(({ location }) => location)
      expect(at).toContainEqual(expect.objectContaining({ file, row }))
    }
  })
})

describe('programs that only look wrong', () => {
  it.each(readPrograms(path.join(testdata, 'valid')))('$name', program => {
    expect(errorsOf(program)).toEqual([])
  })
})

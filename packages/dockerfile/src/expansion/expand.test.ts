import { describe, expect, it } from 'vitest'
import { conformanceJSON, hasConformance } from '../../../../test/conformance.ts'
import { expand } from './expand.ts'

interface Row {
  readonly platform: string
  readonly input: string
  readonly expect?: string
  readonly error?: boolean
}

describe.skipIf(!hasConformance)('expansion of words, as BuildKit tests it', () => {
  const suite = hasConformance
    ? conformanceJSON<{ env: Record<string, string>; escape: string; processWord: Row[] }>(
        'vectors',
        'shell-expansion.json',
      )
    : undefined
  const rows = (suite?.processWord ?? []).filter(row => row.platform !== 'W')
  it.each(rows.map((row, index) => ({ index, ...row })))('$index $input', row => {
    const lookup = (name: string) => (Object.hasOwn(suite?.env ?? {}, name) ? suite?.env[name] : undefined)
    const run = () => expand(row.input, lookup, { escapeCharacter: suite?.escape ?? '\\' }).text
    if (row.error === true) expect(run).toThrow()
    else expect(run()).toBe(row.expect)
  })
})

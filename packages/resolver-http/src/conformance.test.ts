import { formatPath, valueAt } from '@source-policy/core'
import { describe, expect, it } from 'vitest'
import { conformanceJSON, hasConformance } from '../../../test/conformance.ts'
import { describeSource } from './identifier.ts'

interface Row {
  readonly name: string
  readonly identifier: string
  readonly attrs?: Record<string, string>
  readonly httpMeta?: { readonly checksum?: string }
  readonly input?: { readonly http: Record<string, unknown> }
  readonly partialInput?: { readonly http: Record<string, unknown> }
  readonly unknowns?: readonly string[]
}

const rows = hasConformance
  ? conformanceJSON<{ source_to_input: Row[] | { cases: Row[] } }>('vectors', 'buildx.json').source_to_input
  : []
const httpRows = (Array.isArray(rows) ? rows : rows.cases).filter(({ identifier }) => /^https?:/.test(identifier))

describe.skipIf(!hasConformance)('buildx, source to input', () => {
  it('has rows', () => expect(httpRows.length).toBeGreaterThan(0))

  it.each(httpRows)('$name', ({ identifier, attrs = {}, httpMeta, input, partialInput, unknowns }) => {
    const description = describeSource({ kind: 'http', identifier, attrs })
    const checksum = httpMeta?.checksum
    const http = { ...description.input.http, ...(checksum && { checksum }) }
    const unknown = description.unknown.filter(path => valueAt({ http }, path) === undefined)
    if (input !== undefined) expect(http).toEqual(withoutEmpty(input.http))
    if (partialInput !== undefined) expect(http).toMatchObject(withoutEmpty(partialInput.http))
    if (unknowns !== undefined) expect(unknown.map(formatPath)).toEqual(unknowns)
  })
})

/** The rows show Go's values; its JSON leaves empty ones out. */
function withoutEmpty(members: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => !isEmpty(value)))
}

function isEmpty(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0
  return value === '' || value === false || value === null || value === 0
}

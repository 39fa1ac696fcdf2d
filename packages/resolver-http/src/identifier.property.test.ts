import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { describeSource, requestURL } from './identifier.ts'

/** Pieces of URLs that parsers disagree about, and anything else. */
const piece = fc.oneof(
  fc.constantFrom('a', '.', '..', '/', '//', ':', ':80', '@', '?', '#', '&', '=', ';', '%', '%2f', '%2e', '%ff', '%00'),
  fc.constantFrom('[::1]', '\\', '\t', ' ', 'ü', '。', '．', '％', '127.1', '0x7f', 'localhost', 'x=1', 'user:pass@'),
  fc.string({ unit: 'binary', maxLength: 4 }),
)
const identifiers = fc
  .tuple(fc.constantFrom('http://', 'https://', 'https://example.com', 'https://example.com/'), fc.array(piece))
  .map(([start, pieces]) => start + pieces.join(''))

const describeOrRefuse = (identifier: string) => {
  try {
    return describeSource({ kind: 'http', identifier, attrs: {} }).input.http
  } catch (error) {
    expect(error).toMatchObject({ code: 'invalid_identifier' })
    return undefined
  }
}
const requestOrRefuse = (identifier: string) => {
  try {
    return requestURL(identifier)
  } catch (error) {
    expect(error).toMatchObject({ code: 'ambiguous_url' })
    return undefined
  }
}

describe('any identifier', () => {
  it('is described or refused with a code, and requested from the host and path that are described', () => {
    let requested = 0
    fc.assert(
      fc.property(identifiers, identifier => {
        const input = describeOrRefuse(identifier)
        if (input === undefined) return
        const url = requestOrRefuse(identifier)
        if (url === undefined) return
        requested++
        expect(url.protocol).toBe(`${input.schema}:`)
        const { host = '', path = '' } = input
        if (/^[a-z-]+(?:\.[a-z-]+)*$/.test(host)) expect(url.host.replace(/\.$/, '')).toBe(host)
        // what is beyond ASCII is encoded, never rewritten
        if (!path.includes('\ufffd') && !url.pathname.includes('%25')) {
          expect(decodeURIComponent(url.pathname)).toBe(path === '' ? '/' : path)
        }
      }),
      { numRuns: 5_000, seed: 1 },
    )
    expect(requested).toBeGreaterThan(500)
  })
})

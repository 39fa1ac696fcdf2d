import { describe, expect, it } from 'vitest'
import { checkIdentity, type Identity, matchesIdentity } from './identity.ts'
import type { Signer } from './signer.ts'

const issuer = 'https://token.actions.githubusercontent.com'
const subject = 'https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1'
const signer: Signer = {
  certificateIssuer: 'CN=x',
  subjectAlternativeName: subject,
  issuer,
  names: [
    { type: 'uri', value: subject },
    { type: 'email', value: 'a@example.com' },
  ],
}

describe('an identity', () => {
  it.each<[string, Identity, boolean]>([
    ['the whole name', { issuer, subject }, true],
    ['any of the names', { issuer, subject: 'a@example.com' }, true],
    ['a part of a name', { issuer, subject: 'acme/app' }, false],
    ['a part of the issuer', { issuer: 'githubusercontent.com', subject }, false],
    ['the right name by another issuer', { issuer: 'https://accounts.google.com', subject }, false],
    ['an expression for a part', { issuer, subjectRegExp: 'acme/app' }, false],
    ['an expression for the beginning', { issuer, subjectRegExp: 'https://github.com/acme/' }, false],
    ['an expression for the whole', { issuer, subjectRegExp: 'https://github\\.com/acme/[^/]+/.*' }, true],
    ['an expression with anchors', { issuer, subjectRegExp: `^${subject}$` }, true],
    ['an alternative that fits a part', { issuer, subjectRegExp: 'nobody|https://github.com/acme/' }, false],
    ['an expression for the issuer', { issuerRegExp: 'https://.*\\.githubusercontent\\.com', subject }, true],
    ['an expression for a part of the issuer', { issuerRegExp: 'https://', subject }, false],
    ['another case', { issuer, subject: subject.toUpperCase() }, false],
  ])('given as %s', (_, identity, expected) => {
    expect(matchesIdentity(signer, identity)).toBe(expected)
  })

  it('never fits a certificate without issuer or names', () => {
    const any = { issuerRegExp: '.*', subjectRegExp: '.*' }
    const { issuer: _issuer, ...anonymous } = signer
    expect(matchesIdentity(signer, any)).toBe(true)
    expect(matchesIdentity(anonymous, any)).toBe(false)
    expect(matchesIdentity({ ...signer, names: [] }, any)).toBe(false)
  })

  it('does not span lines where it does not say so', () => {
    const lines = { ...signer, names: [{ type: 'other' as const, value: `${subject}\nx` }] }
    expect(matchesIdentity(lines, { issuer, subjectRegExp: '^https://.*$' })).toBe(false)
  })

  it('takes linear time', () => {
    const long = { ...signer, names: [{ type: 'uri' as const, value: `${'a'.repeat(50_000)}!` }] }
    const started = performance.now()
    expect(matchesIdentity(long, { issuer, subjectRegExp: '(a+)+' })).toBe(false)
    expect(performance.now() - started).toBeLessThan(2000)
  })

  it.each<[string, Identity]>([
    ['nothing', {}],
    ['no issuer', { subject }],
    ['no subject', { issuer }],
    ['two subjects', { issuer, subject, subjectRegExp: '.*' }],
    ['two issuers', { issuer, issuerRegExp: '.*', subject }],
    ['an empty subject', { issuer, subject: '' }],
    ['an empty expression', { issuer, subjectRegExp: '' }],
    ['a malformed expression', { issuer, subjectRegExp: '(' }],
    ['what RE2 does not know', { issuer, subjectRegExp: '(?=x)' }],
    ['an endless expression', { issuer, subjectRegExp: 'x'.repeat(5000) }],
  ])('that says %s is refused', (_, identity) => {
    expect(() => checkIdentity(identity)).toThrow(expect.objectContaining({ code: 'invalid_identity' }))
  })
})

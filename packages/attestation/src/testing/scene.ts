import { createHash } from 'node:crypto'
import { createSigstore } from '@source-policy/testkit'
import { parseTrustRoot } from '../trust-root.ts'

/** A Sigstore instance, whom it certifies, and what they sign: what the tests of this package have in common. */

export const sigstore = createSigstore()
export const trustRoot = await parseTrustRoot(sigstore.trustedRoot, { name: 'testkit', publicGood: true })

export const SIGNED_AT = new Date('2026-01-01T00:00:00Z')
/** Long after certificates of that day have expired. */
export const now = new Date('2026-11-27T00:00:00Z')
export const trust = { trustRoots: [trustRoot], now }

export const workflow = 'https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1.0.0'
export const github = 'https://token.actions.githubusercontent.com'
export const identity = {
  subject: workflow,
  issuer: github,
  extensions: { 9: workflow, 11: 'github-hosted', 12: 'https://github.com/acme/app', 14: 'refs/tags/v1.0.0' },
}
export const signer = sigstore.issue(identity, { notBefore: SIGNED_AT })

export const artifact = Buffer.from('an artifact')
export const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
export const digest = sha256Of(artifact)

export const statement = (subjects: readonly object[] = [{ name: 'app', digest: { sha256: digest } }]) => ({
  _type: 'https://in-toto.io/Statement/v1',
  subject: subjects,
  predicateType: 'https://example.com/review/v1',
  predicate: { approved: true },
})

/** A document with one change. */
export function amend(json: string, change: (document: never) => void): string {
  const document = JSON.parse(json)
  change(document as never)
  return JSON.stringify(document)
}

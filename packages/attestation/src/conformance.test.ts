import { describe, expect, it } from 'vitest'
import { AttestationError } from './error.ts'
import { matchesIdentity } from './identity.ts'
import { readProvenance } from './provenance.ts'
import { parsePublicKey } from './public-key.ts'
import { isPresent, read, rows, type SigstoreCase } from './testing/conformance.ts'
import { parseTrustRoot, publicGoodTrustRoot } from './trust-root.ts'
import type { Digests, VerifiedSignature } from './verified-signature.ts'
import { verifyBundle } from './verify-bundle.ts'

const now = new Date('2026-11-27T00:00:00Z')

/** What a command line client of the suite does: verifies, and compares the identity where no key was given. */
async function verify(test: SigstoreCase, artifact: Uint8Array | Digests): Promise<void> {
  const trustRoot =
    test.trustedRoot === null
      ? await publicGoodTrustRoot()
      : await parseTrustRoot(read(`sigstore/${test.trustedRoot}`), { name: test.name })
  const key = test.key === undefined ? undefined : parsePublicKey(read(`sigstore/${test.key}`))
  const { signer } = await verifyBundle(read(`sigstore/${test.bundle}`), {
    artifact,
    trustRoots: [trustRoot],
    ...(key && { key }),
    now,
  })
  if (key !== undefined) return
  if (signer === undefined || !matchesIdentity(signer, { subject: test.identity!, issuer: test.issuer! })) {
    throw new AttestationError('wrong_identity', 'another signer')
  }
}

describe.runIf(isPresent)('the conformance suite of Sigstore', () => {
  describe.each(rows<SigstoreCase>('sigstore/index.json'))('$name', test => {
    it.each([
      ['file', () => read(`sigstore/${test.artifact}`)],
      ['digest', () => ({ sha256: test.artifactSha256 })],
    ] as const)('by the %s of the artifact', async (_, artifact) => {
      const outcome = await verify(test, artifact()).then(
        () => 'pass',
        (error: unknown) => error,
      )
      if (test.expect === 'pass') expect(outcome).toBe('pass')
      else expect(outcome).toBeInstanceOf(AttestationError)
    })
  })
})

interface RealCase {
  readonly bundle: string
  readonly expect: 'pass' | 'fail'
  readonly artifact?: string | null
  readonly sha256?: string
  readonly sha512?: string
  readonly san?: string
  readonly sanStartsWith?: string
  readonly issuer?: string
  readonly issuerEndsWith?: string
}

/** What npm's registry signed with in 2023. */
const npmKey = parsePublicKey(`-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE1Olb3zMAFFxXKHiIkQO5cJ3Yhl5i
6UPp+IhuteBJbuHcA5UogKo0EWtlWwW6KSaKoTNEYL7JlCQiVnkhBktUgg==
-----END PUBLIC KEY-----`)

interface NpmAttestation {
  readonly predicateType: string
  readonly bundle: { readonly verificationMaterial: { readonly publicKey?: unknown } }
}

/** The bundles in a file: the file, or what npm's registry lists, of all types or the one that is asked for. */
function bundlesIn(name: string): NpmAttestation['bundle'][] {
  const [file = '', wanted] = name.split('#')
  const document = JSON.parse(read(`sigstore-real/${file}`).toString())
  if (document.attestations === undefined) return [document]
  const attestations = document.attestations as NpmAttestation[]
  return attestations
    .filter(({ predicateType }) => wanted === undefined || wanted.includes(`=${predicateType}]`))
    .map(({ bundle }) => bundle)
}

async function verifyReal(test: RealCase): Promise<VerifiedSignature[]> {
  const digests = Object.fromEntries(
    (['sha256', 'sha512'] as const).flatMap(name => (test[name] === undefined ? [] : [[name, test[name]]])),
  )
  const artifact = typeof test.artifact === 'string' ? read(`sigstore-real/${test.artifact}`) : digests
  const trustRoots = [await publicGoodTrustRoot()]
  return Promise.all(
    bundlesIn(test.bundle).map(bundle => {
      const key = bundle.verificationMaterial.publicKey === undefined ? {} : { key: npmKey }
      return verifyBundle(JSON.stringify(bundle), { artifact, trustRoots, now, ...key })
    }),
  )
}

describe.runIf(isPresent)('bundles of released software', () => {
  const cases = rows<RealCase>('sigstore-real/index.json')

  it.each(cases.filter(test => test.expect === 'pass'))('$bundle holds', async test => {
    for (const { signer, statement, trustRoot } of await verifyReal(test)) {
      expect(trustRoot?.name).toBe('public-good')
      expect(readProvenance(statement!)?.builderID).toBeTruthy()
      if (test.san !== undefined) expect(signer?.subjectAlternativeName).toBe(test.san)
      if (test.issuer !== undefined) expect(signer?.issuer).toBe(test.issuer)
      expect(signer?.subjectAlternativeName.startsWith(test.sanStartsWith ?? '')).toBe(true)
      expect(signer?.issuer?.endsWith(test.issuerEndsWith ?? '')).toBe(true)
    }
  })

  it('those that the registry of npm signed by its key hold', async () => {
    const file = 'pacote-valid-attestations.json'
    const { sha512 } = cases.find(test => test.bundle.startsWith(file))!
    const verified = await verifyReal({ bundle: file, expect: 'pass', sha512: sha512! })
    expect(verified.map(({ key, signer }) => key?.fingerprint ?? signer?.issuer)).toEqual([
      'https://token.actions.githubusercontent.com',
      npmKey.fingerprint,
    ])
  })

  const codes: Readonly<Record<string, string>> = {
    'pacote-invalid-attestations.json': 'invalid_bundle',
    'pacote-mismatched-subject-digest-attestations.json': 'signature_mismatch',
    'pacote-malformed-subject-attestations.json': 'signature_mismatch',
    'ghcli-sigstoreBundle-invalid-signature.json': 'signature_mismatch',
  }
  it.each(cases.filter(test => test.expect === 'fail'))('$bundle does not', async test => {
    const known = test.sha256 === undefined ? { ...test, sha256: '0'.repeat(64) } : test
    await expect(verifyReal(known)).rejects.toMatchObject({ code: codes[test.bundle] })
  })
})

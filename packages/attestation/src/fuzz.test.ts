import { bundleFromJSON } from '@sigstore/bundle'
import { TrustedRoot } from '@sigstore/protobuf-specs'
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify'
import { createMutator } from '@source-policy/testkit'
import { describe, expect, it } from 'vitest'
import { FUZZ_RUNS, tally } from '../../../test/fuzz.ts'
import { decodeEnvelope } from './envelope.ts'
import { AttestationError } from './error.ts'
import { readProvenance, SLSA_V1 } from './provenance.ts'
import { parsePublicKey } from './public-key.ts'
import { readSBOM } from './sbom.ts'
import { decodeSimpleSigning } from './simple-signing.ts'
import { decodeStatement } from './statement.ts'
import { amend, artifact, now, signer, sigstore, statement, trust } from './testing/scene.ts'
import { parseTrustRoot } from './trust-root.ts'
import type { VerifiedSignature } from './verified-signature.ts'
import { verifyBundle } from './verify-bundle.ts'
import { verifyCMS } from './verify-cms.ts'
import { verifyEnvelope, verifySimpleSigning } from './verify-cosign.ts'

const words = [
  '"',
  '{',
  '}',
  '[',
  ']',
  ':',
  ',',
  'null',
  '-1',
  '""',
  '"a":',
  '\\u0000',
  '9'.repeat(30),
  'AAAA',
  '=',
  '\u2014 ',
]
const imageDigest = `sha256:${'4b'.repeat(32)}`
const image = signer.signImage(imageDigest, { timestamp: true })
const attestation = signer.attest(statement(), { timestamp: true })
const bundles = [
  signer.signArtifact(artifact, { timestamp: true }),
  signer.signStatement(statement(), { log: 'rekor2' }),
  sigstore.withKey().signArtifact(artifact, { version: '0.1' }),
]
const provenance = JSON.stringify({
  buildDefinition: {
    buildType: 'x',
    externalParameters: { request: { args: { 'build-arg:a': 'b' } } },
    resolvedDependencies: [{ uri: 'x' }],
  },
  runDetails: { builder: { id: 'x' }, metadata: { startedOn: '2026-01-01T00:00:00Z' } },
})
const spdx = JSON.stringify({
  spdxVersion: 'SPDX-2.3',
  packages: [{ name: 'x', externalRefs: [{ referenceType: 'purl', referenceLocator: 'x' }] }],
})

interface Target {
  readonly name: string
  readonly samples: readonly (string | Uint8Array)[]
  run(input: Uint8Array): unknown
  /** Runs of this, for each of `FUZZ_RUNS`: what checks signatures is slow. */
  readonly share?: number
}

const annotated = (layer: typeof image, name: string, value: Uint8Array) => ({
  ...layer.annotations,
  [`dev.sigstore.cosign/${name}`]: Buffer.from(value).toString('latin1'),
})

const targets: readonly Target[] = [
  { name: 'statements', samples: [JSON.stringify(statement())], run: decodeStatement },
  { name: 'envelopes', samples: [attestation.bytes], run: decodeEnvelope },
  { name: 'simple signing payloads', samples: [image.bytes], run: decodeSimpleSigning },
  { name: 'keys', samples: [sigstore.withKey().publicKey, signer.certificate!], run: input => parsePublicKey(input) },
  {
    name: 'provenance',
    samples: [provenance],
    run: input =>
      readProvenance({ predicateType: SLSA_V1, predicate: decodeStatement(withPredicate(input)).predicate }),
  },
  {
    name: 'SBOMs',
    samples: [spdx],
    run: input =>
      readSBOM({
        predicateType: 'https://spdx.dev/Document',
        predicate: decodeStatement(withPredicate(input)).predicate,
      }),
  },
  {
    name: 'trust roots',
    samples: [sigstore.trustedRoot],
    run: input => parseTrustRoot(input, { name: 'x' }),
    share: 0.3,
  },
  { name: 'bundles', samples: bundles, run: input => verifyBundle(input, { artifact, ...trust }), share: 0.5 },
  {
    name: 'certificates in bundles',
    samples: [Buffer.from(JSON.parse(bundles[0]!).verificationMaterial.certificate.rawBytes, 'base64')],
    share: 0.5,
    run: input =>
      verifyBundle(
        inBundle(material => (material.certificate = { rawBytes: base64(input) })),
        { artifact, ...trust },
      ),
  },
  {
    name: 'timestamps in bundles',
    samples: [
      sigstore.timestampAuthority.stamp(artifact, now),
      sigstore.timestampAuthority.stamp(artifact, now, { embedCertificate: true }),
    ],
    share: 0.5,
    run: input =>
      verifyBundle(
        inBundle(
          material =>
            (material.timestampVerificationData = { rfc3161Timestamps: [{ signedTimestamp: base64(input) }] }),
        ),
        { artifact, ...trust, thresholds: { timestamp: 2 } },
      ),
  },
  ...(['certificate', 'bundle', 'rfc3161timestamp', 'chain'] as const).map(
    (name): Target => ({
      name: `annotations: ${name}`,
      samples: [image.annotations[`dev.sigstore.cosign/${name}`] ?? signer.certificate!],
      share: 0.3,
      run: input =>
        verifySimpleSigning({
          payload: image.bytes,
          annotations: annotated(image, name, input),
          imageDigest,
          ...trust,
        }),
    }),
  ),
  {
    name: 'CMS signatures',
    samples: [signer.signMessage(artifact, { timestamp: true }), signer.signMessage(artifact, { log: 'none' })],
    share: 0.3,
    run: input => verifyCMS(input, { data: artifact, ...trust }),
  },
  {
    name: 'layers of attestations',
    samples: [attestation.bytes],
    share: 0.3,
    run: input => verifyEnvelope({ envelope: input, annotations: attestation.annotations, artifact, ...trust }),
  },
]

const base64 = (input: Uint8Array) => Buffer.from(input).toString('base64')
const withPredicate = (input: Uint8Array) =>
  JSON.stringify({ ...statement(), predicate: null }).replace(
    '"predicate":null',
    `"predicate":${Buffer.from(input).toString()}`,
  )
const inBundle = (change: (material: Record<string, unknown>) => void) =>
  amend(bundles[0]!, (document: { verificationMaterial: Record<string, unknown> }) =>
    change(document.verificationMaterial),
  )

describe('whatever comes, it is read or refused with a code', () => {
  it('bundles that are accepted are so by @sigstore/verify, too', async () => {
    const verifier = new Verifier(toTrustMaterial(TrustedRoot.fromJSON(JSON.parse(sigstore.trustedRoot))))
    const mutator = createMutator({ samples: bundles.slice(0, 2), seed: 11, pieces: words })
    let accepted = 0
    for (let n = 0; n < FUZZ_RUNS; n++) {
      const bundle = Buffer.from(mutator.next()).toString()
      const verified = await verifyBundle(bundle, { artifact, ...trust }).catch((error: unknown) => error)
      // where a piece of evidence was left out, they differ by design
      if (verified instanceof Error || (verified as VerifiedSignature).refused.length > 0) continue
      accepted++
      expect(() => verifier.verify(toSignedEntity(bundleFromJSON(JSON.parse(bundle)), artifact)), bundle).not.toThrow()
    }
    tally(FUZZ_RUNS)
    console.log(`${accepted} of ${FUZZ_RUNS} mutated bundles were accepted, by both`)
  }, 600_000)

  it.each(targets)(
    '$name',
    async ({ samples, run, share = 1 }) => {
      const mutator = createMutator({ samples, seed: 7, pieces: words })
      for (let n = 0; n < FUZZ_RUNS * share; n++) {
        const input = mutator.next()
        const outcome = await Promise.resolve()
          .then(() => run(input))
          .catch((error: unknown) => error)
        if (outcome instanceof Error && !(outcome instanceof AttestationError)) {
          expect.fail(`${outcome.stack} for ${Buffer.from(input).toString('latin1')}`)
        }
      }
      tally(Math.ceil(FUZZ_RUNS * share))
    },
    600_000,
  )
})

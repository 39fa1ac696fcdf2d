import { bundleFromJSON } from '@sigstore/bundle'
import { TrustedRoot } from '@sigstore/protobuf-specs'
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify'
import { describe, expect, it } from 'vitest'
import { artifact, github, signer, sigstore, statement, workflow } from './testing/scene.ts'

/** What the tests of this package sign is what others take for signatures, too. */
describe('@sigstore/verify agrees with the signatures that these tests make', () => {
  const verifier = new Verifier(toTrustMaterial(TrustedRoot.fromJSON(JSON.parse(sigstore.trustedRoot))))
  it.each([
    ['an artifact, bundle 0.1', signer.signArtifact(artifact, { version: '0.1' })],
    ['an artifact with a timestamp', signer.signArtifact(artifact, { timestamp: true })],
    ['an artifact, Rekor 2', signer.signArtifact(artifact, { log: 'rekor2' })],
    ['a statement', signer.signStatement(statement())],
    ['a statement, Rekor 2', signer.signStatement(statement(), { log: 'rekor2' })],
  ])('%s', (_, bundle) => {
    const entity = toSignedEntity(bundleFromJSON(JSON.parse(bundle)), artifact)
    const { identity } = verifier.verify(entity)
    expect(identity).toMatchObject({ subjectAlternativeName: workflow, extensions: { issuer: github } })
  })
})

import { parseTrustRoot } from '@source-policy/attestation'
import { parsePlatform } from '@source-policy/oci'
import {
  type BuiltContent,
  buildArtifact,
  buildAttestation,
  buildImage,
  buildIndex,
  type CosignLayerContent,
  createSigstore,
  type Predicate,
  type SigstoreSigner,
} from '@source-policy/testkit'

export const SLSA = 'https://slsa.dev/provenance/v1'
export const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json'
export const SIMPLE_SIGNING = 'application/vnd.dev.cosign.simplesigning.v1+json'
const DSSE = 'application/vnd.dsse.envelope.v1+json'

export const provenance: Predicate = {
  predicateType: SLSA,
  predicate: {
    buildDefinition: { buildType: 'https://example.com/build' },
    runDetails: { builder: { id: 'https://example.com/builder' } },
  },
}

const platform = parsePlatform('linux/arm64')
export const image = buildImage({ platform, user: 'app' })
export const amd64 = buildImage({ user: 'app' })
export const attestation = buildAttestation(image, [provenance], { form: 'artifact' })
export const index = buildIndex([amd64, image, attestation])

export const sigstore = createSigstore()
export const trustRoot = await parseTrustRoot(sigstore.trustedRoot, { name: 'testkit', publicGood: true })

/** A workflow of GitHub, as the public instance certifies it. */
export const workflow = (repository: string, name = 'release.yml') => {
  const workflows = `https://github.com/${repository}/.github/workflows/${name}@refs/heads/main`
  return {
    subject: workflows,
    issuer: 'https://token.actions.githubusercontent.com',
    extensions: {
      9: workflows,
      11: 'github-hosted',
      12: `https://github.com/${repository}`,
      14: 'refs/tags/v1',
    },
  }
}
export const signer = sigstore.issue(workflow('acme/app'))

/** An in-toto statement about content. */
export const statementAbout = (
  subject: BuiltContent,
  predicateType = 'https://sigstore.dev/cosign/sign/v1',
  predicate: unknown = {},
  annotations?: object,
) => ({
  _type: 'https://in-toto.io/Statement/v1',
  subject: [{ digest: { sha256: subject.digest.slice('sha256:'.length) }, ...(annotations && { annotations }) }],
  predicateType,
  predicate,
})

/** A referrer of the subject with a bundle that is about `about`. */
export function bundleOf(
  subject: BuiltContent,
  by: SigstoreSigner = signer,
  { about = subject, text }: { readonly about?: BuiltContent; readonly text?: string } = {},
): BuiltContent {
  const bytes = text ?? by.signStatement(statementAbout(about))
  return buildArtifact({ artifactType: BUNDLE, subject, layers: [{ bytes, mediaType: BUNDLE }] })
}

/** A referrer of the subject with an attestation in a bundle. */
export const attestedBy = (
  subject: BuiltContent,
  predicateType: string,
  { by = signer, about = subject, predicate = {} as unknown } = {},
) => bundleOf(subject, by, { text: by.signStatement(statementAbout(about, predicateType, predicate)) })

/** What cosign writes under a tag before bundles. */
export const signatureManifest = (...layers: readonly CosignLayerContent[]): BuiltContent =>
  buildArtifact({
    artifactType: 'application/vnd.dev.cosign.artifact.sig.v1+json',
    layers: layers.map(({ bytes, annotations }) => ({ bytes, annotations, mediaType: SIMPLE_SIGNING })),
  })

export const attestationTag = (...layers: readonly CosignLayerContent[]): BuiltContent =>
  buildArtifact({
    artifactType: 'application/vnd.dev.cosign.artifact.att.v1+json',
    layers: layers.map(({ bytes, annotations }) => ({ bytes, annotations, mediaType: DSSE })),
  })

export const cosignTag = ({ digest }: BuiltContent, suffix: 'sig' | 'att') => `${digest.replace(':', '-')}.${suffix}`

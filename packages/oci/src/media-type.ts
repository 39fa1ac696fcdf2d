/** Media types of OCI and Docker that this package knows by name. */
export const MEDIA_TYPES = {
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  ociEmpty: 'application/vnd.oci.empty.v1+json',
  dockerIndex: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerSchema1: 'application/vnd.docker.distribution.manifest.v1+json',
  dockerSchema1Signed: 'application/vnd.docker.distribution.manifest.v1+prettyjws',
  inToto: 'application/vnd.in-toto+json',
  attestationManifest: 'application/vnd.docker.attestation.manifest.v1+json',
  sigstoreBundle: 'application/vnd.dev.sigstore.bundle.v0.3+json',
  cosignSignature: 'application/vnd.dev.cosign.artifact.sig.v1+json',
  simpleSigning: 'application/vnd.dev.cosign.simplesigning.v1+json',
  dsse: 'application/vnd.dsse.envelope.v1+json',
} as const

/** What a media type of a manifest document stands for. */
export type DocumentKind = 'manifest' | 'index' | 'schema1'

const kinds: Readonly<Record<string, DocumentKind>> = {
  [MEDIA_TYPES.ociIndex]: 'index',
  [MEDIA_TYPES.dockerIndex]: 'index',
  [MEDIA_TYPES.ociManifest]: 'manifest',
  [MEDIA_TYPES.dockerManifest]: 'manifest',
  [MEDIA_TYPES.dockerSchema1]: 'schema1',
  [MEDIA_TYPES.dockerSchema1Signed]: 'schema1',
}

/** `index`, `manifest` or `schema1`; undefined for any other media type. Parameters are not looked at. */
export function documentKind(mediaType: string): DocumentKind | undefined {
  const essence = essenceOf(mediaType)
  return Object.hasOwn(kinds, essence) ? kinds[essence] : undefined
}

/** A media type without parameters, in lower case. */
export function essenceOf(mediaType: string): string {
  // most are written so
  if (/^[a-z0-9./+-]*$/.test(mediaType)) return mediaType
  return (mediaType.split(';', 1)[0] ?? '').trim().toLowerCase()
}

/** The `Accept` header of manifest requests. */
export const MANIFEST_ACCEPT = [
  MEDIA_TYPES.ociIndex,
  MEDIA_TYPES.ociManifest,
  MEDIA_TYPES.dockerIndex,
  MEDIA_TYPES.dockerManifest,
].join(', ')

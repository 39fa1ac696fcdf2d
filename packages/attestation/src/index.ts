export { decodeEnvelope, type Envelope, preAuthEncoding } from './envelope.ts'
export { AttestationError, type AttestationErrorCode } from './error.ts'
export { type AttestationFormat, attestationFormat } from './format.ts'
export { checkIdentity, type Identity, matchesIdentity } from './identity.ts'
export { isProvenance, type Material, type Provenance, readProvenance, SLSA_V0_2, SLSA_V1 } from './provenance.ts'
export {
  dockerHardenedImagesKey,
  type HashAlgorithm,
  type ParsePublicKeyOptions,
  type PublicKey,
  parsePublicKey,
} from './public-key.ts'
export { isSBOM, readSBOM, type SBOM, type SBOMPackage } from './sbom.ts'
export { isAbout } from './signed-content.ts'
export type { Signer, SignerName } from './signer.ts'
export { decodeSimpleSigning, SIMPLE_SIGNING_MEDIA_TYPE, type SimpleSigningPayload } from './simple-signing.ts'
export {
  decodeStatement,
  IN_TOTO_MEDIA_TYPE,
  type Statement,
  type StatementSubject,
} from './statement.ts'
export {
  type ParseTrustRootOptions,
  parseTrustRoot,
  publicGoodTrustRoot,
  type TrustRoot,
  thresholdsOf,
} from './trust-root.ts'
export {
  DEFAULT_THRESHOLDS,
  type Digests,
  type SignatureInputOptions,
  signatureInput,
  signatureKind,
  type Thresholds,
  type VerifiedSignature,
  type VerifiedTimestamp,
  type VerifyOptions,
} from './verified-signature.ts'
export { type VerifyBundleOptions, verifyBundle } from './verify-bundle.ts'
export { fingerprintCMSSigner, type VerifyCMSOptions, verifyCMS } from './verify-cms.ts'
export {
  type CosignLayer,
  type VerifyEnvelopeOptions,
  type VerifySimpleSigningOptions,
  verifyEnvelope,
  verifySimpleSigning,
} from './verify-cosign.ts'

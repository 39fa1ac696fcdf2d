/** Bytes of a statement, or of an envelope around one: as much as BuildKit reads. */
export const MAX_STATEMENT_BYTES = 40 * 1024 ** 2
/** Bytes of a Sigstore bundle; with the statement that it may hold, in base64. */
export const MAX_BUNDLE_BYTES = 56 * 1024 ** 2
/** Bytes of a trusted_root.json. */
export const MAX_TRUST_ROOT_BYTES = 4 * 1024 ** 2
/** Bytes of a simple signing payload. */
export const MAX_PAYLOAD_BYTES = 1024 ** 2
/** Bytes of an annotation of a cosign signature: certificate, chain, log entry. */
export const MAX_ANNOTATION_BYTES = 1024 ** 2
/** Bytes of a public key in PEM. */
export const MAX_KEY_BYTES = 64 * 1024
/** Bytes of a certificate of a signature. */
export const MAX_CERTIFICATE_BYTES = 64 * 1024
/** Bytes of an RFC 3161 response. */
export const MAX_TIMESTAMP_BYTES = 64 * 1024
/** Characters of a regular expression in an identity. */
export const MAX_PATTERN_LENGTH = 4096
/** Subjects of one statement. */
export const MAX_SUBJECTS = 10_000
/** Signatures in one envelope. */
export const MAX_ENVELOPE_SIGNATURES = 64
/** Characters of the URI of a material: reading it takes memory many times its size. */
export const MAX_MATERIAL_URI_LENGTH = 64 * 1024
/** Materials of one provenance. */
export const MAX_MATERIALS = 10_000
/** Packages of one SBOM. */
export const MAX_SBOM_PACKAGES = 100_000
/** Licences of one package of an SBOM. */
export const MAX_PACKAGE_LICENSES = 256
/** Log entries that are looked at in one bundle; more are refused. */
export const MAX_LOG_ENTRIES = 16
/** Timestamps that are looked at in one bundle; more are refused. */
export const MAX_TIMESTAMPS = 16
/** Certificates above the signer's that a bundle or annotation may bring along. */
export const MAX_CHAIN_CERTIFICATES = 8
/** Characters of a checkpoint in a log entry. */
export const MAX_CHECKPOINT_LENGTH = 64 * 1024
/** Hashes of an inclusion proof: a tree of 2^64 leaves has no more. */
export const MAX_PROOF_HASHES = 64
/** Bits of the smallest RSA key that is accepted. */
export const MIN_RSA_BITS = 2048
/** Bits of the largest RSA key that is accepted: verifying costs time by the square. */
export const MAX_RSA_BITS = 16_384
/** Certificates of signers that a trust root remembers, so that the next signature by the same one is cheap. */
export const MAX_REMEMBERED_CERTIFICATES = 256
/** Bytes of a CMS signature: two make the length of all that is in it. */
export const MAX_CMS_BYTES = 48 * 1024

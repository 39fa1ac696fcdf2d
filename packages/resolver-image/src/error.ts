/** Why an image source cannot be read or decided; callers switch on it, never on the text. */
export type ImageSourceErrorCode =
  /** The identifier holds no image reference. */
  | 'invalid_reference'
  /** The source has no platform. */
  | 'platform_required'
  /** The attribute `image.checksum`, or a pin, is no digest. */
  | 'invalid_checksum'
  /** The attribute `image.checksum` and the reference, or what the registry has, are different digests. */
  | 'checksum_mismatch'
  /** The source names an OCI layout that nobody gave. */
  | 'unknown_layout'
  /** Images have no such field to fetch. */
  | 'unknown_field'
  /** A manifest of attestations is none, or holds too many of them. */
  | 'invalid_attestation'
  /** A statement or signature is about another image. */
  | 'subject_mismatch'
  /** A statement is of another type than its annotation says. */
  | 'predicate_type_mismatch'
  /** A signature does not sign an annotation that is wanted. */
  | 'annotation_mismatch'
  /** A policy calls a function with arguments that it does not take. */
  | 'invalid_call'
  /** Signatures or statements have more bytes than are read. */
  | 'content_too_large'
  /** There are more referrers that may be what is looked for than are opened. */
  | 'too_many_referrers'
  /** The URI of a material is none that a builder could use. */
  | 'unsupported_material'
  /** A material's package URL and its digest name two images. */
  | 'material_digest_mismatch'
  /** The digest of a material is none. */
  | 'invalid_material_digest'

/** The error of this package. `code` is stable; `message` is for people and holds no secret. */
export class ImageSourceError extends Error {
  readonly code: ImageSourceErrorCode

  constructor(code: ImageSourceErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'ImageSourceError'
    this.code = code
  }
}

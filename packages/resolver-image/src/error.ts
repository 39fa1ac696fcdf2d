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
  /** The field cannot be fetched by this version. */
  | 'not_supported'

/** The error of this package. `code` is stable; `message` is for people and holds no secret. */
export class ImageSourceError extends Error {
  readonly code: ImageSourceErrorCode

  constructor(code: ImageSourceErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'ImageSourceError'
    this.code = code
  }
}

/** What went wrong with a reference, a registry or its content; callers switch on it, never on the text. */
export type OciErrorCode =
  /** The text is not an image reference. */
  | 'reference_invalid'
  /** The reference has no repository. */
  | 'name_empty'
  /** The repository has upper-case letters. */
  | 'name_uppercase'
  /** The repository is longer than 255 characters. */
  | 'name_too_long'
  /** The text is not a digest. */
  | 'digest_invalid'
  /** The digest has too few or too many digits for its algorithm. */
  | 'digest_length'
  /** The digest's algorithm is none of sha256, sha384, sha512. */
  | 'digest_unsupported'
  /** The text is not a platform, or names none that is known. */
  | 'platform_invalid'
  /** The package URL is malformed or names no image. */
  | 'purl_invalid'
  /** A descriptor, manifest, index or config is malformed, or says two things at once. */
  | 'content_invalid'
  /** The content has a media type that is not supported: Docker schema 1, or an unknown one. */
  | 'media_type_unsupported'
  /** The bytes do not have the digest that they were asked for by. */
  | 'digest_mismatch'
  /** The bytes are not as many as the descriptor says. */
  | 'size_mismatch'
  /** The content is larger than allowed. */
  | 'content_too_large'
  /** A manifest does not refer to the content that it was listed for. */
  | 'subject_mismatch'
  /** An index has no manifest for the platform. */
  | 'platform_not_found'
  /** An index has two manifests that fit the platform equally well. */
  | 'platform_ambiguous'
  /** Indexes are nested deeper than allowed. */
  | 'index_too_deep'
  /** The registry has no such manifest or blob (404). */
  | 'not_found'
  /** The registry wants credentials that are not there, or refused those that were given (401). */
  | 'unauthorized'
  /** The registry denies access (403). */
  | 'denied'
  /** The registry asks for authentication in a way that is malformed or not supported. */
  | 'challenge_invalid'
  /** The token endpoint's answer is no token. */
  | 'token_invalid'
  /** The registry asks to be left alone for longer than we wait (429). */
  | 'rate_limited'
  /** The registry answered with a status that the protocol does not know here. */
  | 'registry_failed'
  /** Credentials could not be read: a malformed config file, a failing helper. */
  | 'credentials_invalid'
  /** A registries configuration (`buildkitd.toml`) is malformed. */
  | 'config_invalid'
  /** An OCI layout is malformed or names no such image. */
  | 'layout_invalid'
  /** The content is not in the cache and the network is off. */
  | 'offline'

/** The error of this package. `code` is stable; `message` is for people and holds no secret. */
export class OciError extends Error {
  readonly code: OciErrorCode
  /** Codes of the registry's own error document: `['MANIFEST_UNKNOWN']`. */
  readonly registryErrors: readonly string[]

  constructor(
    code: OciErrorCode,
    message: string,
    options: { cause?: unknown; registryErrors?: readonly string[] } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'OciError'
    this.code = code
    this.registryErrors = options.registryErrors ?? []
  }
}

/** Foreign text as errors show it: quoted, on one line, at most 100 characters. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}...` : text)
}

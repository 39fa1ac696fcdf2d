/** Why a git source could not be read; callers switch on it, never on the text. */
export type GitErrorCode =
  /** The identifier or `git.fullurl` is no git source, or its ref could be taken for an option. */
  | 'invalid_identifier'
  /** The remote speaks nothing that is understood here: dumb HTTP, another version, a scheme without transport. */
  | 'unsupported_protocol'
  /** The remote wants other credentials, or none that it was given are good. */
  | 'unauthorized'
  /** There is no such repository, or nobody without credentials may know of it. */
  | 'repository_not_found'
  /** The remote answered with a status that a git server does not use. */
  | 'unexpected_status'
  /** The remote said why it does not answer. */
  | 'remote_error'
  /** Packets, capabilities, refs or the pack are malformed. */
  | 'malformed_response'
  /** The response ended too early. */
  | 'truncated'
  /** More bytes, refs, objects or tags of tags than allowed. */
  | 'too_large'
  /** The repository has no such ref, or no default branch. */
  | 'ref_not_found'
  /** A tag and a branch answer to the same full ref. */
  | 'ambiguous_ref'
  /** The ref leads elsewhere than `git.checksum` says. */
  | 'checksum_mismatch'
  /** The remote did not send an object that it should have. */
  | 'object_missing'
  /** An object is not the one that its name, or the tag before it, promises. */
  | 'object_mismatch'
  /** The source names something that is neither a commit nor a tag of one. */
  | 'unexpected_object'
  /** A commit or tag object lacks what it must have. */
  | 'malformed_object'
  /** A file is not what the commit has of it: it lies in a submodule, or git is told to change it. */
  | 'unsupported_content'
  /** There is no git binary, which this transport needs. */
  | 'git_missing'
  /** The git binary failed. */
  | 'git_failed'
  /** Reading took too long. */
  | 'timeout'
  /** A field was asked for that git sources do not have. */
  | 'unknown_field'

/** The error of this package. Messages hold no credentials. */
export class GitError extends Error {
  readonly code: GitErrorCode

  constructor(code: GitErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'GitError'
    this.code = code
  }
}

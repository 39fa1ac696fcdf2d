/** Why a signature, a key file or a verification failed; callers switch on it, never on the text. */
export type SignatureErrorCode =
  /** The armor, packet or blob of a signature is none, or is cut short. */
  | 'malformed_signature'
  /** The key file holds no key that can be read, or a line of it is malformed. */
  | 'malformed_key'
  /** The signature uses a format, hash, algorithm, curve or key size that is not accepted. */
  | 'rejected_algorithm'
  /** No key of the file made the signature. */
  | 'unknown_signer'
  /** The signature does not belong to the data. */
  | 'signature_mismatch'
  /** The key was revoked. */
  | 'key_revoked'
  /** The key was not valid when it signed. */
  | 'key_expired'
  /** The signature says that it was made in the future. */
  | 'signature_from_future'
  /** The signature was made for another purpose. */
  | 'wrong_namespace'
  /** More bytes, keys or packets than allowed. */
  | 'too_large'

/** The error of this package. */
export class SignatureError extends Error {
  readonly code: SignatureErrorCode

  constructor(code: SignatureErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'SignatureError'
    this.code = code
  }
}

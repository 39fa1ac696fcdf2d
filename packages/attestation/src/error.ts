/** Why an attestation or signature could not be read or does not hold; callers switch on it, never on the text. */
export type AttestationErrorCode =
  /** JSON that is malformed, or says something twice. */
  | 'invalid_json'
  /** An in-toto statement that lacks a field, or has one of a wrong type; or a version of it that is not known. */
  | 'invalid_statement'
  /** A DSSE envelope that lacks a field, or has one of a wrong type. */
  | 'invalid_envelope'
  /** A provenance or SBOM predicate whose fields have wrong types, or stand there twice. */
  | 'invalid_predicate'
  /** A Sigstore bundle that is malformed, or of a version that is not known. */
  | 'invalid_bundle'
  /** A simple signing payload or the annotations beside it that are malformed. */
  | 'invalid_signature'
  /** A trusted_root.json that is malformed, or whose log keys do not say since when they are valid. */
  | 'invalid_trust_root'
  /** A public key that cannot be read. */
  | 'invalid_key'
  /** A public key of a kind, curve or size that is not accepted. */
  | 'unsupported_key'
  /** An identity that says too little, too much, or holds a malformed regular expression. */
  | 'invalid_identity'
  /** More bytes, entries or packages than allowed. */
  | 'too_large'
  /** It is signed by a certificate where a key was expected, or the other way around. */
  | 'wrong_signer_kind'
  /** The signature was not made by the key or certificate over this content. */
  | 'signature_mismatch'
  /** The signed content is about another artifact. */
  | 'subject_mismatch'
  /** The digest of the artifact by the algorithm that is needed was not given. */
  | 'digest_unavailable'
  /** The payload is of a type that says nothing about an artifact. */
  | 'unsupported_payload'
  /** The certificate leads to no certificate authority of the trust root, or may not sign. */
  | 'untrusted_certificate'
  /** The certificate or key was not valid when it signed. */
  | 'not_valid_at_time'
  /** Too few certificate transparency logs vouch for the certificate. */
  | 'too_few_scts'
  /** Too few entries of transparency logs hold. */
  | 'too_few_log_entries'
  /** Too few trusted timestamps hold. */
  | 'too_few_timestamps'
  /** A log entry or timestamp does not hold: the reason why it was not counted. */
  | 'untrusted_log_entry'
  | 'untrusted_timestamp'
  /** The signer is not the one that is wanted. */
  | 'wrong_identity'

/** The error of this package. `refused` tells why pieces of evidence were not counted, where too few were left. */
export class AttestationError extends Error {
  readonly code: AttestationErrorCode
  readonly refused: readonly AttestationError[]

  constructor(
    code: AttestationErrorCode,
    message: string,
    options: { cause?: unknown; refused?: readonly AttestationError[] } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'AttestationError'
    this.code = code
    this.refused = options.refused ?? []
  }
}

/** Who made a signature, as a key file says. */
export interface Signer {
  readonly kind: 'openpgp' | 'ssh' | 'x509'
  /** The key that signed: an OpenPGP fingerprint in lower-case hexadecimal, `SHA256:...` of an SSH key, SHA-256 of a certificate. */
  readonly key: string
  /** Fingerprint of the primary key that the signing key belongs to; OpenPGP only. */
  readonly primaryKey?: string
  /** User ids of the key, principals of the line that allows it, or the comment after it. */
  readonly names: readonly string[]
  /** When it was signed, where the signature says so. */
  readonly signedAt?: Date
}

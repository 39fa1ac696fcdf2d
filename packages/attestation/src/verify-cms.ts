import type { VerifiedSignature, VerifyOptions } from './verified-signature.ts'

export interface VerifyCMSOptions extends Omit<VerifyOptions, 'key'> {
  /** What must have been signed. */
  readonly data: Uint8Array
}

/**
 * Proves who signed the data, by a detached CMS signature as gitsign makes them: a short-lived certificate, and the entry of the
 * log that saw it in use. It has one signer. Nothing is asked for: without an entry in it, the signature proves
 * nothing. Throws an `AttestationError` for whatever does not hold.
 *
 * @see https://github.com/sigstore/gitsign/blob/main/docs/verification.md
 */
export async function verifyCMS(signature: Uint8Array, options: VerifyCMSOptions): Promise<VerifiedSignature> {
  const { verifySignedMessage } = await import('./cms-verification.ts')
  return verifySignedMessage(signature, options)
}

/**
 * SHA-256, in hexadecimal, of the certificate that the signer says he has: nothing of it is proved. Throws `too_large` and
 * `invalid_signature`.
 */
export async function fingerprintCMSSigner(signature: Uint8Array): Promise<string> {
  const { fingerprintOf } = await import('./cms-verification.ts')
  return fingerprintOf(signature)
}

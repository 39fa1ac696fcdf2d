import type { SignerInput } from '@source-policy/core'

/** A name in a certificate. */
export interface SignerName {
  readonly type: 'uri' | 'email' | 'dns' | 'other'
  readonly value: string
}

/** Who signed, as a certificate authority of the trust root attests: the fields of the policy input, and every name. */
export interface Signer extends SignerInput {
  /** All subject alternative names; `subjectAlternativeName` is the first URI, else e-mail address, else any. */
  readonly names: readonly SignerName[]
}

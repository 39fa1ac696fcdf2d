import type { SignatureInput, SignerInput } from '@source-policy/core'
import { describe, expect, it } from 'vitest'
import { isPresent, read } from './testing/conformance.ts'
import { signatureKind } from './verified-signature.ts'

interface KindCase {
  readonly name: string
  readonly kind: string
  readonly sig: Omit<SignatureInput, 'timestamps' | 'signer'> & { timestamps?: number; signer?: Partial<SignerInput> }
}

describe.runIf(isPresent)('kinds of signatures, as docker buildx tells them', () => {
  const { cases } = isPresent
    ? (JSON.parse(read('vectors/buildx.json').toString()).signature_kind as { cases: KindCase[] })
    : { cases: [] }

  it.each(cases)('$name: $kind', ({ kind, sig: { timestamps = 0, signer, ...rest } }) => {
    const input: SignatureInput = {
      ...rest,
      timestamps: Array(timestamps).fill({ type: 'Tlog' }),
      ...(signer && { signer: { certificateIssuer: '', subjectAlternativeName: '', ...signer } }),
    }
    expect(signatureKind(input)).toBe(kind)
  })
})

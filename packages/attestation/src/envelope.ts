import { createReader, decodeBounded } from './json.ts'
import { MAX_ENVELOPE_SIGNATURES, MAX_STATEMENT_BYTES } from './limits.ts'

/** A DSSE envelope: a payload and signatures over it and its type. By itself it proves nothing. */
export interface Envelope {
  readonly payloadType: string
  readonly payload: Uint8Array
  readonly signatures: readonly { readonly keyid?: string; readonly signature: Uint8Array }[]
}

const reader = createReader('invalid_envelope', 'DSSE envelope')

/**
 * The envelope that JSON says. Throws `too_large`, `invalid_json` and `invalid_envelope`.
 *
 * @see https://github.com/secure-systems-lab/dsse/blob/v1.0.2/envelope.md
 */
export function decodeEnvelope(source: Uint8Array | string): Envelope {
  const maxBytes = Math.ceil(MAX_STATEMENT_BYTES * 1.4)
  const document = reader.object(decodeBounded(source, { what: 'DSSE envelope', maxBytes }), 'the document')
  const signatures = reader.array(document.signatures, 'signatures', MAX_ENVELOPE_SIGNATURES)
  if (signatures.length === 0) reader.fail('it has no signature')
  return {
    payloadType: reader.string(document.payloadType, 'payloadType'),
    payload: reader.base64(document.payload, 'payload'),
    signatures: signatures.map((item, n) => {
      const { keyid, sig } = reader.object(item, `signatures[${n}]`)
      return {
        ...(typeof keyid === 'string' && keyid !== '' && { keyid }),
        signature: reader.base64(sig, `signatures[${n}].sig`),
      }
    }),
  }
}

/** The bytes that a signature of an envelope is over. */
export function preAuthEncoding({ payloadType, payload }: Pick<Envelope, 'payloadType' | 'payload'>): Uint8Array {
  const head = `DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.length} `
  return Buffer.concat([Buffer.from(head), payload])
}

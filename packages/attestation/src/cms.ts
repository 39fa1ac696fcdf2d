import type { ASN1Obj } from '@sigstore/core'
import { parseDER } from './asn1.ts'
import { AttestationError } from './error.ts'
import { MAX_CHAIN_CERTIFICATES, MAX_CMS_BYTES } from './limits.ts'

/** A detached signature in the Cryptographic Message Syntax, taken apart. By itself it proves nothing. */
export interface SignedMessage {
  readonly certificates: readonly MessageCertificate[]
  readonly signer: MessageSigner
}

/** What names a certificate: DER of the issuer's name, and the serial number. */
interface CertificateName {
  readonly issuer: Buffer
  readonly serial: Buffer
}

export interface MessageCertificate extends CertificateName {
  readonly der: Buffer
}

/** A signer, by the name of his certificate. */
export interface MessageSigner extends CertificateName {
  /** By OID. */
  readonly digestAlgorithm: string
  /** What is signed: the signed attributes as a set, in DER. */
  readonly signed: Buffer
  readonly contentType: string
  readonly messageDigest: Buffer
  readonly signature: Buffer
  /** Values of unsigned attributes by OID. */
  readonly unsigned: ReadonlyMap<string, readonly ASN1Obj[]>
}

const SIGNED_DATA = '1.2.840.113549.1.7.2'
export const CMS_DATA = '1.2.840.113549.1.7.1'
const CONTENT_TYPE = '1.2.840.113549.1.9.3'
const MESSAGE_DIGEST = '1.2.840.113549.1.9.4'
const SET = 0x31

/**
 * The one signer of a detached signature: of several, readers could take each for another. Throws `too_large` and `invalid_signature`.
 *
 * @see https://www.rfc-editor.org/rfc/rfc5652#section-5
 */
export function decodeSignedMessage(der: Uint8Array): SignedMessage {
  if (der.length > MAX_CMS_BYTES) {
    throw new AttestationError('too_large', `decoding CMS: ${der.length} bytes, at most ${MAX_CMS_BYTES} are allowed`)
  }
  let message: SignedMessage
  try {
    message = read(parseDER(der))
  } catch (cause) {
    throw new AttestationError('invalid_signature', 'decoding CMS: no detached signature', { cause })
  }
  if (message.certificates.length > MAX_CHAIN_CERTIFICATES) {
    throw new AttestationError('too_large', 'decoding CMS: more certificates than allowed')
  }
  return message
}

function read(contentInfo: ASN1Obj): SignedMessage {
  const [type, content] = contentInfo.subs
  if (type?.toOID() !== SIGNED_DATA) throw new Error('no signed data')
  const [, , encapsulated, ...rest] = content!.subs[0]!.subs
  const [contentType, inside] = encapsulated!.subs
  if (contentType?.toOID() !== CMS_DATA || inside !== undefined) throw new Error('it holds other content')
  const certificates = rest.find(({ tag }) => tag.isContextSpecific(0))?.subs ?? []
  const signers = rest.at(-1)
  if (signers === undefined || signers.tag.isContextSpecific()) throw new Error('no signers')
  const [signer, ...others] = signers.subs
  if (signer === undefined || others.length > 0) throw new Error('not one signer')
  return { certificates: certificates.map(readCertificate), signer: readSigner(signer) }
}

function readCertificate(certificate: ASN1Obj): MessageCertificate {
  const [, serial, , issuer] = certificate.subs[0]!.subs
  return { der: Buffer.from(certificate.toDER()), issuer: Buffer.from(issuer!.toDER()), serial: serial!.value }
}

function readSigner({ subs }: ASN1Obj): MessageSigner {
  const [, sid, digestAlgorithm, signedAttributes, , signature, unsigned] = subs
  // without signed attributes the signature would be over the content itself, which could then be taken for attributes
  if (!signedAttributes?.tag.isContextSpecific(0)) throw new Error('no signed attributes')
  const attributes = attributesOf(signedAttributes)
  const signed = Buffer.from(signedAttributes.toDER())
  // RFC 5652 section 5.4: signed as the set that it is, not with the tag that it has here
  signed[0] = SET
  const [issuer, serial] = sid!.subs
  return {
    issuer: Buffer.from(issuer!.toDER()),
    serial: serial!.value,
    digestAlgorithm: digestAlgorithm!.subs[0]!.toOID(),
    signed,
    contentType: only(attributes, CONTENT_TYPE).toOID(),
    messageDigest: only(attributes, MESSAGE_DIGEST).value,
    signature: signature!.value,
    unsigned: unsigned === undefined ? new Map() : attributesOf(unsigned),
  }
}

function attributesOf({ subs }: ASN1Obj): Map<string, readonly ASN1Obj[]> {
  const attributes = new Map<string, readonly ASN1Obj[]>()
  for (const {
    subs: [type, values],
  } of subs) {
    const oid = type!.toOID()
    if (attributes.has(oid)) throw new Error(`attribute ${oid} stands twice`)
    attributes.set(oid, values!.subs)
  }
  return attributes
}

function only(attributes: ReadonlyMap<string, readonly ASN1Obj[]>, oid: string): ASN1Obj {
  const [value, ...more] = attributes.get(oid) ?? []
  if (value === undefined || more.length > 0) throw new Error(`expected one attribute ${oid}`)
  return value
}

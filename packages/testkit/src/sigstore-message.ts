import { sha256 } from './sigstore-certificates.ts'
import { der, derMembers } from './sigstore-der.ts'
import type { LogEntryJSON } from './sigstore-log.ts'

/*
 * Signatures as gitsign makes them: detached CMS (RFC 5652), the log entry and the timestamp in unsigned attributes.
 * https://github.com/sigstore/gitsign/blob/main/docs/verification.md
 */

const SHA256 = der.sequence(der.oid('2.16.840.1.101.3.4.2.1'))
const ECDSA_SHA256 = der.sequence(der.oid('1.2.840.10045.4.3.2'))
const DATA = der.oid('1.2.840.113549.1.7.1')
const attribute = (oid: string, value: Uint8Array) => der.sequence(der.oid(oid), der.set(value))

/** The attributes that are signed instead of the data. */
export function signedAttributes(data: Uint8Array, at: Date): Buffer[] {
  return [
    attribute('1.2.840.113549.1.9.3', DATA),
    attribute('1.2.840.113549.1.9.5', der.time(at)),
    attribute('1.2.840.113549.1.9.4', der.octets(sha256(data))),
  ]
}

/** What is signed of them. */
export function attributeSet(attributes: readonly Buffer[]): Buffer {
  return der.set(...attributes)
}

export interface MessageParts {
  readonly certificate: Uint8Array
  readonly attributes: readonly Buffer[]
  readonly signature: Uint8Array
  readonly entry: LogEntryJSON | undefined
  /** A response of a timestamp authority. */
  readonly stamp: Uint8Array | undefined
}

export function signedMessage({ certificate, attributes, signature, entry, stamp }: MessageParts): Buffer {
  const [, serial, , issuer] = derMembers(derMembers(certificate)[0]!)
  const unsigned = [
    ...(entry ? [attribute('1.3.6.1.4.1.57264.3.1', der.octets(encodeEntry(entry)))] : []),
    ...(stamp ? [attribute('1.2.840.113549.1.9.16.2.14', derMembers(stamp)[1]!)] : []),
  ]
  const signerInfo = der.sequence(
    der.integer(1),
    der.sequence(issuer!, serial!),
    SHA256,
    der.explicit(0, ...attributes),
    ECDSA_SHA256,
    der.octets(signature),
    ...(unsigned.length > 0 ? [der.explicit(1, ...unsigned)] : []),
  )
  const signedData = der.sequence(
    der.integer(1),
    der.set(SHA256),
    der.sequence(DATA),
    der.explicit(0, certificate),
    der.set(signerInfo),
  )
  return der.sequence(der.oid('1.2.840.113549.1.7.2'), der.explicit(0, signedData))
}

/** As protobuf, without the body, which whoever reads it makes again. */
function encodeEntry({ logIndex, logId, kindVersion, integratedTime, inclusionPromise, inclusionProof }: LogEntryJSON) {
  const base64 = (text: string) => Buffer.from(text, 'base64')
  const proof = inclusionProof && [
    ...number(1, inclusionProof.logIndex),
    ...field(2, base64(inclusionProof.rootHash)),
    ...number(3, inclusionProof.treeSize),
    ...inclusionProof.hashes.flatMap(hash => [...field(4, base64(hash))]),
    ...field(5, Buffer.from(field(1, Buffer.from(inclusionProof.checkpoint.envelope)))),
  ]
  return Buffer.from([
    ...number(1, logIndex),
    ...field(2, Buffer.from(field(1, base64(logId.keyId)))),
    ...field(
      3,
      Buffer.from([...field(1, Buffer.from(kindVersion.kind)), ...field(2, Buffer.from(kindVersion.version))]),
    ),
    ...(integratedTime === undefined ? [] : number(4, integratedTime)),
    ...(inclusionPromise ? field(5, Buffer.from(field(1, base64(inclusionPromise.signedEntryTimestamp)))) : []),
    ...(proof ? field(6, Buffer.from(proof)) : []),
  ])
}

const number = (field: number, value: string) => [...varint(BigInt(field << 3)), ...varint(BigInt(value))]
const field = (field: number, bytes: Uint8Array) => [
  ...varint(BigInt((field << 3) | 2)),
  ...varint(BigInt(bytes.length)),
  ...bytes,
]

function varint(value: bigint): number[] {
  const bytes: number[] = []
  for (let rest = value; ; rest >>= 7n) {
    if (rest < 0x80n) return [...bytes, Number(rest)]
    bytes.push(Number(rest & 0x7fn) | 0x80)
  }
}

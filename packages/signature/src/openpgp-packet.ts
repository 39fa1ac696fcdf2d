import { type ByteCursor, createByteCursor } from './byte-cursor.ts'
import { SignatureError } from './error.ts'
import { MAX_PACKETS } from './limits.ts'

/** What an OpenPGP signature says of itself; nothing of it is proved. */
export interface OpenPGPSignaturePacket {
  readonly version: number
  /** RFC 9580 section 9.1. */
  readonly publicKeyAlgorithm: number
  /** RFC 9580 section 9.5. */
  readonly hashAlgorithm: number
  /** Seconds since the epoch. */
  readonly createdS?: number
  /** 16 lower-case hexadecimal digits. */
  readonly issuerKeyID?: string
}

const SIGNATURE_PACKET = 2
const subpacketTypes = { created: 2, issuer: 16, issuerFingerprint: 33 } as const

/**
 * The first signature packet among packets. Throws `malformed_signature`.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9580#section-5.2
 */
export function readOpenPGPSignature(data: Uint8Array): OpenPGPSignaturePacket {
  const cursor = createByteCursor(data, 'an OpenPGP packet')
  for (let count = 0; cursor.left > 0 && count < MAX_PACKETS; count++) {
    const { tag, body } = readPacket(cursor)
    if (tag === SIGNATURE_PACKET) return readSignatureBody(body)
  }
  throw new SignatureError('malformed_signature', 'reading an OpenPGP signature: no signature packet')
}

function readPacket(cursor: ByteCursor): { tag: number; body: Uint8Array } {
  const head = cursor.number(1)
  if ((head & 0x80) === 0) throw malformed('not a packet')
  if ((head & 0x40) !== 0) return { tag: head & 0x3f, body: cursor.bytes(readLength(cursor)) }
  const lengthType = head & 0x03
  if (lengthType === 3) throw malformed('a packet of indeterminate length')
  return { tag: (head >> 2) & 0x0f, body: cursor.bytes(cursor.number([1, 2, 4][lengthType] as 1 | 2 | 4)) }
}

/** Lengths of packets and subpackets are written alike; partial lengths are for data, not for signatures. */
function readLength(cursor: ByteCursor, partial = true): number {
  const first = cursor.number(1)
  if (first < 192) return first
  if (first === 255) return cursor.number(4)
  if (partial && first >= 224) throw malformed('a packet of partial length')
  return ((first - 192) << 8) + cursor.number(1) + 192
}

function readSignatureBody(body: Uint8Array): OpenPGPSignaturePacket {
  const cursor = createByteCursor(body, 'an OpenPGP signature')
  const version = cursor.number(1)
  if (version < 4 || version > 6) throw malformed(`version ${version} is none of 4, 5, 6`)
  cursor.number(1)
  const publicKeyAlgorithm = cursor.number(1)
  const hashAlgorithm = cursor.number(1)
  const sizeOfLength = version === 6 ? 4 : 2
  const hashed = readSubpackets(cursor.bytes(cursor.number(sizeOfLength)))
  const unhashed = readSubpackets(cursor.bytes(cursor.number(sizeOfLength)))
  const created = hashed.get(subpacketTypes.created)
  // whoever passes the signature on can write into the unhashed part
  const issuerKeyID = keyIDOf(hashed) ?? keyIDOf(unhashed)
  return {
    version,
    publicKeyAlgorithm,
    hashAlgorithm,
    ...(created?.length === 4 ? { createdS: createByteCursor(created, 'a time').number(4) } : {}),
    ...(issuerKeyID === undefined ? {} : { issuerKeyID }),
  }
}

function readSubpackets(area: Uint8Array): Map<number, Uint8Array> {
  const cursor = createByteCursor(area, 'subpackets of an OpenPGP signature')
  const subpackets = new Map<number, Uint8Array>()
  while (cursor.left > 0) {
    const content = cursor.bytes(readLength(cursor, false))
    const [type] = content
    if (type === undefined) throw malformed('an empty subpacket')
    subpackets.set(type & 0x7f, content.subarray(1))
  }
  return subpackets
}

function keyIDOf(subpackets: ReadonlyMap<number, Uint8Array>): string | undefined {
  const fingerprint = subpackets.get(subpacketTypes.issuerFingerprint)
  const [version] = fingerprint ?? []
  if (version === 4 && fingerprint?.length === 21) return hex(fingerprint.subarray(13))
  if ((version === 5 || version === 6) && fingerprint?.length === 33) return hex(fingerprint.subarray(1, 9))
  const issuer = subpackets.get(subpacketTypes.issuer)
  return issuer?.length === 8 ? hex(issuer) : undefined
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function malformed(problem: string): SignatureError {
  return new SignatureError('malformed_signature', `reading an OpenPGP signature: ${problem}`)
}

/** Writes DER. @see https://www.itu.int/rec/T-REC-X.690 */
export const der = {
  sequence: (...members: readonly Uint8Array[]) => tagged(0x30, ...members),
  /** Members in the order that they are given: sort them where there are several. */
  set: (...members: readonly Uint8Array[]) => tagged(0x31, ...members),
  integer: (value: number | Uint8Array) => tagged(0x02, typeof value === 'number' ? integerBytes(value) : value),
  oid: (text: string) => tagged(0x06, oidBytes(text)),
  octets: (content: Uint8Array) => tagged(0x04, content),
  bits: (content: Uint8Array) => tagged(0x03, Buffer.of(0), content),
  /** The first bits of a byte: `0b1000_0000` with seven unused. */
  flags: (byte: number, unused: number) => tagged(0x03, Buffer.of(unused, byte)),
  boolean: (value: boolean) => tagged(0x01, Buffer.of(value ? 0xff : 0)),
  null: () => tagged(0x05),
  utf8: (text: string) => tagged(0x0c, Buffer.from(text)),
  /** GeneralizedTime, to the second. */
  time: (at: Date) => tagged(0x18, Buffer.from(`${at.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`)),
  /** UTCTime: what certificates have for times before 2050. */
  utcTime: (at: Date) => tagged(0x17, Buffer.from(`${at.toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`)),
  /** A context-specific tag around members. */
  explicit: (number: number, ...members: readonly Uint8Array[]) => tagged(0xa0 + number, ...members),
  /** A context-specific tag in place of that of a primitive. */
  implicit: (number: number, content: Uint8Array) => tagged(0x80 + number, content),
}

function tagged(tag: number, ...members: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(members)
  return Buffer.concat([Buffer.of(tag), lengthBytes(content.length), content])
}

function lengthBytes(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length)
  const bytes = length < 0x1_00 ? [length] : length < 0x1_00_00 ? [length >> 8, length & 0xff] : longLength(length)
  return Buffer.of(0x80 + bytes.length, ...bytes)
}

function longLength(length: number): number[] {
  return [length >> 16, (length >> 8) & 0xff, length & 0xff]
}

function integerBytes(value: number): Buffer {
  const hex = value.toString(16)
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
  return bytes[0]! >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes
}

function oidBytes(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number)
  return Buffer.from([first * 40 + second, ...rest].flatMap(base128))
}

function base128(value: number): number[] {
  const digits = [value & 0x7f]
  for (let left = Math.floor(value / 128); left > 0; left = Math.floor(left / 128)) digits.unshift((left & 0x7f) | 0x80)
  return digits
}

/** The members of a constructed value, each with its tag and length. For what was written here, it is not hardened. */
export function derMembers(value: Uint8Array): Buffer[] {
  const bytes = Buffer.from(value)
  const members: Buffer[] = []
  for (let at = contentStart(bytes, 0); at < bytes.length; ) {
    const start = contentStart(bytes, at)
    const end = start + contentLength(bytes, at)
    members.push(bytes.subarray(at, end))
    at = end
  }
  return members
}

function contentStart(bytes: Buffer, at: number): number {
  const first = bytes[at + 1]!
  return at + 2 + (first < 0x80 ? 0 : first - 0x80)
}

function contentLength(bytes: Buffer, at: number): number {
  const first = bytes[at + 1]!
  return first < 0x80 ? first : bytes.readUIntBE(at + 2, first - 0x80)
}

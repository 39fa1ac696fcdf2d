/** A field of a protobuf message: a number, or bytes. */
export type ProtobufField = bigint | Buffer

/**
 * The fields of a protobuf message by their number, in the order in which they stand. Throws a plain error where it is malformed;
 * groups and fixed numbers are not read.
 *
 * @see https://protobuf.dev/programming-guides/encoding/
 */
export function readProtobuf(message: Uint8Array): ReadonlyMap<number, readonly ProtobufField[]> {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength)
  const fields = new Map<number, ProtobufField[]>()
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++]
      if (byte === undefined) throw new Error('a number is cut short')
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asUintN(64, value)
    }
    throw new Error('a number of more than 64 bits')
  }
  while (at < bytes.length) {
    const key = varint()
    const number = Number(key >> 3n)
    const read = (): ProtobufField => {
      if ((key & 7n) === 0n) return varint()
      if ((key & 7n) !== 2n) throw new Error(`a field of wire type ${key & 7n}`)
      const length = varint()
      if (length > BigInt(bytes.length - at)) throw new Error('a field is cut short')
      at += Number(length)
      return bytes.subarray(at - Number(length), at)
    }
    const known = fields.get(number)
    if (known === undefined) fields.set(number, [read()])
    else known.push(read())
  }
  return fields
}

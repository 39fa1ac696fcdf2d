import { createByteReader } from './byte-reader.ts'
import { GitError } from './error.ts'
import { MAX_REMOTE_MESSAGE } from './limits.ts'

/** One packet: its bytes, or the mark that it is. */
export type Packet = Uint8Array | 'flush' | 'delimiter' | 'response-end'

/** What a packet with this length, in hexadecimal, means. */
const marks: Readonly<Record<string, Packet>> = { '0000': 'flush', '0001': 'delimiter', '0002': 'response-end' }
const LENGTH_DIGITS = 4
const MAX_PACKET_BYTES = 65_520

/** A line as a packet. */
export function encodePacket(line: string): string {
  return (Buffer.byteLength(line) + LENGTH_DIGITS).toString(16).padStart(LENGTH_DIGITS, '0') + line
}

function refusal(said: string): GitError {
  return new GitError(/\bnot our ref\b/.test(said) ? 'object_missing' : 'remote_error', `the remote says: ${said}`)
}

/**
 * The packets of a stream, up to its end, which must fall between two packets.
 * Throws `malformed_response`, `truncated`, or `remote_error` where the server says ERR; `object_missing` where that is that it
 * has no such object.
 *
 * @see https://git-scm.com/docs/protocol-common#_pkt_line_format
 */
export async function* decodePackets(source: AsyncIterable<Uint8Array>): AsyncGenerator<Packet, void, undefined> {
  const chunks = source[Symbol.asyncIterator]()
  const reader = createByteReader(chunks, 'packets of git')
  try {
    while (await reader.fill(1)) {
      const prefix = Buffer.from(await reader.read(LENGTH_DIGITS)).toString('latin1')
      const mark = marks[prefix]
      if (mark !== undefined) {
        yield mark
        continue
      }
      const length = /^[0-9a-fA-F]{4}$/.test(prefix) ? Number.parseInt(prefix, 16) : 0
      if (length <= LENGTH_DIGITS || length > MAX_PACKET_BYTES) {
        throw new GitError('malformed_response', `reading packets of git: ${JSON.stringify(prefix)} is no length`)
      }
      const bytes = await reader.read(length - LENGTH_DIGITS)
      const text = Buffer.from(bytes.subarray(0, 4)).toString('latin1')
      if (text === 'ERR ') throw refusal(sayable(bytes.subarray(4)))
      yield bytes
    }
  } finally {
    await chunks.return?.()
  }
}

/** The text of a packet without the newline at its end, which senders may leave out. */
export function lineOf(packet: Uint8Array): string {
  const text = new TextDecoder().decode(packet)
  return text.endsWith('\n') ? text.slice(0, -1) : text
}

/** What a server says, fit for an error: one line, no control characters, not endless. */
export function sayable(bytes: Uint8Array): string {
  const text = new TextDecoder()
    .decode(bytes)
    .replace(/[^\P{C}]+/gu, ' ')
    .trim()
  return JSON.stringify(text.slice(0, MAX_REMOTE_MESSAGE))
}
